CREATE TABLE `users` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `email` varchar(255) NOT NULL DEFAULT '',
  `encrypted_password` varchar(255) NOT NULL DEFAULT '',
  `reset_password_token` varchar(255) DEFAULT NULL,
  `reset_password_sent_at` datetime DEFAULT NULL,
  `remember_created_at` datetime DEFAULT NULL,
  `confirmation_token` varchar(255) DEFAULT NULL,
  `confirmed_at` datetime DEFAULT NULL,
  `confirmation_sent_at` datetime DEFAULT NULL,
  `unconfirmed_email` varchar(255) DEFAULT NULL,
  `failed_attempts` int(11) NOT NULL DEFAULT 0,
  `unlock_token` varchar(255) DEFAULT NULL,
  `locked_at` datetime DEFAULT NULL,
  `created_at` datetime(6) NOT NULL,
  `updated_at` datetime(6) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `index_users_on_email` (`email`),
  UNIQUE KEY `index_users_on_reset_password_token` (`reset_password_token`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `users` (`id`, `email`, `encrypted_password`, `reset_password_token`, `reset_password_sent_at`, `remember_created_at`, `confirmation_token`, `confirmed_at`, `confirmation_sent_at`, `unconfirmed_email`, `failed_attempts`, `unlock_token`, `locked_at`, `created_at`, `updated_at`) VALUES (1,'ada@example.com','$2a$12$1pmn/pTPHPVo/dzCg.dpU.vSFE2uyZ9jGGLD.kgGWD.ZwE1k4/2Ji',NULL,NULL,NULL,NULL,'2026-11-27 12:00:00',NULL,NULL,0,NULL,NULL,'2026-11-27 03:07:35.441488','2026-11-27 03:07:35.441488');
INSERT INTO `users` (`id`, `email`, `encrypted_password`, `reset_password_token`, `reset_password_sent_at`, `remember_created_at`, `confirmation_token`, `confirmed_at`, `confirmation_sent_at`, `unconfirmed_email`, `failed_attempts`, `unlock_token`, `locked_at`, `created_at`, `updated_at`) VALUES (2,'bob@example.com','$2a$12$nGEmFn.ZMp2otlq1ENQ4OuvjlV.bn0GMKlwldiiF861P9qR0BSgki',NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,'2026-11-27 03:07:36.694264','2026-11-27 03:07:36.694264');
CREATE TABLE `roles` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `name` varchar(255) DEFAULT NULL,
  `resource_type` varchar(255) DEFAULT NULL,
  `resource_id` bigint(20) DEFAULT NULL,
  `created_at` datetime(6) NOT NULL,
  `updated_at` datetime(6) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `index_roles_on_resource` (`resource_type`,`resource_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `roles` (`id`, `name`, `resource_type`, `resource_id`, `created_at`, `updated_at`) VALUES (1,'staff',NULL,NULL,'2026-11-27 03:07:36.734451','2026-11-27 03:07:36.734451');
INSERT INTO `roles` (`id`, `name`, `resource_type`, `resource_id`, `created_at`, `updated_at`) VALUES (2,'owner','Forum',7,'2026-11-27 03:07:36.759890','2026-11-27 03:07:36.759890');
CREATE TABLE `users_roles` (
  `user_id` bigint(20) DEFAULT NULL,
  `role_id` bigint(20) DEFAULT NULL,
  KEY `index_users_roles_on_user_id` (`user_id`),
  KEY `index_users_roles_on_role_id` (`role_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `users_roles` (`user_id`, `role_id`) VALUES (1,1);
INSERT INTO `users_roles` (`user_id`, `role_id`) VALUES (1,2);
CREATE TABLE `members` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `email_address` varchar(255) NOT NULL,
  `password_digest` varchar(255) NOT NULL,
  `created_at` datetime(6) NOT NULL,
  `updated_at` datetime(6) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `index_members_on_email_address` (`email_address`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `members` (`id`, `email_address`, `password_digest`, `created_at`, `updated_at`) VALUES (1,'ada@example.com','$2a$12$DGK4vwtNZOhJpmmeGvzDPOhhJHa1PxFvmTMXdLGpEq9RLxOArYQI6','2026-11-27 03:07:38.125998','2026-11-27 03:07:38.125998');
