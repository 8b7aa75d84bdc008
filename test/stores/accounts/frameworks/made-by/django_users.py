"""Makes the tables of django.contrib.auth by Django's own migrations, and two users by its own code.

Run with DATABASE set to sqlite:FILE, mysql:NAME or postgres:NAME (servers on 127.0.0.1). Made with Django 3.2 of Debian 12.
"""

import os

import django
from django.conf import settings

kind, name = os.environ["DATABASE"].split(":", 1)
ENGINES = {
    "sqlite": {"ENGINE": "django.db.backends.sqlite3"},
    "mysql": {"ENGINE": "django.db.backends.mysql", "HOST": "127.0.0.1", "USER": "root"},
    "postgres": {"ENGINE": "django.db.backends.postgresql", "HOST": "127.0.0.1", "USER": "postgres"},
}
settings.configure(
    DATABASES={"default": {**ENGINES[kind], "NAME": name}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)
django.setup()

from django.contrib.auth.models import Group, User
from django.core.management import call_command

call_command("migrate", verbosity=0)
ada = User.objects.create_user("ada", "Ada@example.com", "correct horse: battery staple")
ada.groups.set([Group.objects.create(name="staff"), Group.objects.create(name="Content editors")])
bob = User.objects.create_user("bob", "bob@example.com", "bob's own password", is_active=False)
bob.groups.set([Group.objects.get(name="staff")])
User.objects.create_user("guest")
