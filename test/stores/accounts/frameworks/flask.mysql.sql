CREATE TABLE `roles` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `name` varchar(64) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `name` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `roles` (`id`, `name`) VALUES (1,'staff');
CREATE TABLE `users` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `email` varchar(64) DEFAULT NULL,
  `username` varchar(64) DEFAULT NULL,
  `role_id` int(11) DEFAULT NULL,
  `password_hash` varchar(256) DEFAULT NULL,
  `confirmed` tinyint(1) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `ix_users_username` (`username`),
  UNIQUE KEY `ix_users_email` (`email`),
  KEY `role_id` (`role_id`),
  CONSTRAINT `users_ibfk_1` FOREIGN KEY (`role_id`) REFERENCES `roles` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `users` (`id`, `email`, `username`, `role_id`, `password_hash`, `confirmed`) VALUES (1,'Ada@example.com','ada',1,'pbkdf2:sha256:260000$Y7LToMnswhR8aj0r$661bc84f52b575ac9f115d18a7c20aefe622e7df8157bac53a3a5e46672f67ff',1);
INSERT INTO `users` (`id`, `email`, `username`, `role_id`, `password_hash`, `confirmed`) VALUES (2,'bob@example.com','bob',1,'pbkdf2:sha256:260000$klpTBPqfrTNudrbK$2d09a4fe3b776917debf2d72ea3dbdd4f06e9a6eb704f299988cd81ca1699417',0);
