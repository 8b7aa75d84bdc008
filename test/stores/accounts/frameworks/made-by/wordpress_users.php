<?php

// Installs WordPress by its own installer, and makes two users by its own code. Run with DATABASE set to mysql:NAME (a server on
// 127.0.0.1). Made with WordPress 6.1 of Debian 12, whose hashes are phpass; `carol` has one of WordPress 6.8.

define('DB_NAME', explode(':', getenv('DATABASE'), 2)[1]);
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', '127.0.0.1');
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
define('ABSPATH', '/usr/share/wordpress/');
define('WP_INSTALLING', true);
define('WP_HTTP_BLOCK_EXTERNAL', true);
$table_prefix = 'wp_';
$_SERVER['HTTP_HOST'] = 'example.com';
$_SERVER['REQUEST_URI'] = '/';
function wp_mail() { return true; }
function wp_new_blog_notification() {}
require ABSPATH . 'wp-settings.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';

wp_install('Example', 'ada', 'ada@example.com', true, '', 'correct horse: battery staple');
wp_insert_user(['user_login' => 'bob', 'user_email' => 'bob@example.com', 'user_pass' => "bob's own password", 'role' => 'editor']);
$carol = wp_insert_user(['user_login' => 'carol', 'user_email' => 'carol@example.com', 'user_pass' => 'x', 'role' => 'subscriber']);
// As wp_hash_password of WordPress 6.8 writes it.
$prehash = base64_encode(hash_hmac('sha384', "carol's own password", 'wp-sha384', true));
$wpdb->update($wpdb->users, ['user_pass' => '$wp' . password_hash($prehash, PASSWORD_BCRYPT)], ['ID' => $carol]);
