-- The tables of Spring Security's published users.ddl, and those of an entity as Hibernate makes them; not made by running them.
-- The hash of the first user is of spring-security-crypto.
CREATE TABLE users (username varchar(50) NOT NULL PRIMARY KEY, password varchar(500) NOT NULL, enabled bit(1) NOT NULL);
CREATE TABLE authorities (username varchar(50) NOT NULL, authority varchar(50) NOT NULL,
  CONSTRAINT fk_authorities_users FOREIGN KEY (username) REFERENCES users (username));
CREATE UNIQUE INDEX ix_auth_username ON authorities (username, authority);
INSERT INTO users VALUES ('Ada', '{bcrypt}$2a$10$6YhpisFAOgEcjKECFecnhuSAqKKnvCwTqy2kPtq1b2gqqzJKmW6Fm', 1);
INSERT INTO users VALUES ('bob', '{bcrypt}$2a$10$YYGlxJzr637v0DBscZCJBehhgXEamLOYvOo2DTAb2QVvrHOKWNEoy', 0);
INSERT INTO authorities VALUES ('Ada', 'ROLE_USER');
INSERT INTO authorities VALUES ('Ada', 'ROLE_ADMIN');
INSERT INTO authorities VALUES ('bob', 'ROLE_USER');
CREATE TABLE app_user (id bigint AUTO_INCREMENT PRIMARY KEY, email varchar(255) NOT NULL UNIQUE,
  password varchar(255) NOT NULL, enabled bit(1) NOT NULL);
CREATE TABLE app_user_roles (app_user_id bigint NOT NULL REFERENCES app_user (id), roles enum ('USER', 'ADMIN'));
INSERT INTO app_user VALUES (1, 'ada@example.com', '{bcrypt}$2a$10$6YhpisFAOgEcjKECFecnhuSAqKKnvCwTqy2kPtq1b2gqqzJKmW6Fm', 1);
INSERT INTO app_user VALUES (2, 'bob@example.com', '{bcrypt}$2a$10$YYGlxJzr637v0DBscZCJBehhgXEamLOYvOo2DTAb2QVvrHOKWNEoy', 0);
INSERT INTO app_user_roles VALUES (1, 'USER');
INSERT INTO app_user_roles VALUES (1, 'ADMIN');
INSERT INTO app_user_roles VALUES (2, 'USER');
