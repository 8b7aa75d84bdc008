"""Makes the tables of a Flask application with Flask-SQLAlchemy, and two users with Werkzeug's hashes.

Run with DATABASE set to sqlite:FILE, mysql:NAME or postgres:NAME (servers on 127.0.0.1). Made with Flask-SQLAlchemy 3.0 and
Werkzeug 2.2 of Debian 12.
"""

import os

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from werkzeug.security import generate_password_hash

kind, name = os.environ["DATABASE"].split(":", 1)
URLS = {"sqlite": "sqlite:///", "mysql": "mysql+pymysql://root@127.0.0.1/", "postgres": "postgresql://postgres@127.0.0.1/"}
app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = URLS[kind] + name
db = SQLAlchemy(app)


class Role(db.Model):
    __tablename__ = "roles"
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(64), unique=True)


class User(db.Model):
    __tablename__ = "users"
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(64), unique=True, index=True)
    username = db.Column(db.String(64), unique=True, index=True)
    role_id = db.Column(db.Integer, db.ForeignKey("roles.id"))
    password_hash = db.Column(db.String(256))
    confirmed = db.Column(db.Boolean, default=False)


with app.app_context():
    db.create_all()
    staff = Role(name="staff")
    db.session.add(staff)
    db.session.flush()
    for email, password, confirmed in [
        ("Ada@example.com", "correct horse: battery staple", True),
        ("bob@example.com", "bob's own password", False),
    ]:
        db.session.add(
            User(
                email=email,
                username=email.split("@")[0].lower(),
                role_id=staff.id,
                password_hash=generate_password_hash(password),
                confirmed=confirmed,
            )
        )
        db.session.flush()
    db.session.commit()
