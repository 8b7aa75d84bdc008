CREATE TABLE `Users` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `email` varchar(255) NOT NULL,
  `password` varchar(255) NOT NULL,
  `emailVerified` tinyint(1) NOT NULL DEFAULT 0,
  `role` enum('member','staff') NOT NULL DEFAULT 'member',
  `createdAt` datetime NOT NULL,
  `updatedAt` datetime NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `email` (`email`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `Users` (`id`, `email`, `password`, `emailVerified`, `role`, `createdAt`, `updatedAt`) VALUES (1,'Ada@example.com','$2b$10$1LntPZ3zRxU/HEQssqn3i.rCGzK7Rixd2JuDd518j2l/rLqIHzKYS',1,'staff','2026-11-27 03:08:26','2026-11-27 03:08:26');
INSERT INTO `Users` (`id`, `email`, `password`, `emailVerified`, `role`, `createdAt`, `updatedAt`) VALUES (2,'bob@example.com','$2b$10$eit9xybgUVi57LdxP/JcpO2uNblewdw4ptgGjmcPBN2PjkQ/8M0FK',0,'member','2026-11-27 03:08:27','2026-11-27 03:08:27');
