CREATE TABLE roles (
	id INTEGER NOT NULL, 
	name VARCHAR(64), 
	PRIMARY KEY (id), 
	UNIQUE (name)
);
INSERT INTO roles VALUES(1,'staff');
CREATE TABLE users (
	id INTEGER NOT NULL, 
	email VARCHAR(64), 
	username VARCHAR(64), 
	role_id INTEGER, 
	password_hash VARCHAR(256), 
	confirmed BOOLEAN, 
	PRIMARY KEY (id), 
	FOREIGN KEY(role_id) REFERENCES roles (id)
);
INSERT INTO users VALUES(1,'Ada@example.com','ada',1,'pbkdf2:sha256:260000$p1RcE6CN6S66uK8h$31cfd0795070b8ab139f0e5c42722ac095aa4d7f2dd03d9c7cd58e6e3e6c797a',1);
INSERT INTO users VALUES(2,'bob@example.com','bob',1,'pbkdf2:sha256:260000$efTL5kVS8zdJZwa7$38c8dfc4cd6ad7cc66087e38d3b88955f9f45d9d9fcdc6f491709de5b6c532aa',0);
