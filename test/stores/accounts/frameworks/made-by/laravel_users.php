<?php

// Makes the table `users` as Laravel's own migration does, the tables of roles as that of spatie/laravel-permission does, and
// two users with Laravel's hasher. Run with DATABASE set to sqlite:FILE, mysql:NAME or postgres:NAME (servers on 127.0.0.1).
// Made with illuminate/database and illuminate/hashing 8.83 of Debian 12.

foreach (['Container', 'Support', 'Database', 'Hashing'] as $part) {
    require_once "Illuminate/$part/autoload.php";
}

use Illuminate\Database\Capsule\Manager as DB;
use Illuminate\Hashing\BcryptHasher;

[$kind, $name] = explode(':', getenv('DATABASE'), 2);
$text = ['charset' => 'utf8mb4', 'collation' => 'utf8mb4_unicode_ci'];
$db = new DB();
$db->addConnection([
    'sqlite' => ['driver' => 'sqlite', 'database' => $name],
    'mysql' => ['driver' => 'mysql', 'host' => '127.0.0.1', 'username' => 'root', 'password' => '', 'database' => $name] + $text,
    'postgres' => ['driver' => 'pgsql', 'host' => '127.0.0.1', 'username' => 'postgres', 'password' => '', 'database' => $name, 'charset' => 'utf8'],
][$kind]);
$db->setAsGlobal();
if ($kind === 'sqlite') {
    touch($name);
}

DB::schema()->create('users', function ($table) {
    $table->id();
    $table->string('name');
    $table->string('email')->unique();
    $table->timestamp('email_verified_at')->nullable();
    $table->string('password');
    $table->rememberToken();
    $table->timestamps();
});
DB::schema()->create('roles', function ($table) {
    $table->bigIncrements('id');
    $table->string('name');
    $table->string('guard_name');
    $table->timestamps();
    $table->unique(['name', 'guard_name']);
});
DB::schema()->create('model_has_roles', function ($table) {
    $table->unsignedBigInteger('role_id');
    $table->string('model_type');
    $table->unsignedBigInteger('model_id');
    $table->index(['model_id', 'model_type'], 'model_has_roles_model_id_model_type_index');
    $table->foreign('role_id')->references('id')->on('roles')->onDelete('cascade');
    $table->primary(['role_id', 'model_id', 'model_type'], 'model_has_roles_role_model_type_primary');
});

$hasher = new BcryptHasher();
$add = function ($name, $email, $password, $verified) use ($hasher) {
    $now = '2026-11-27 12:00:00';
    DB::table('users')->insert([
        'name' => $name, 'email' => $email, 'email_verified_at' => $verified ? $now : null,
        'password' => $hasher->make($password), 'created_at' => $now, 'updated_at' => $now,
    ]);
};
$add('Ada', 'Ada@example.com', 'correct horse: battery staple', true);
$add('Bob', 'bob@example.com', "bob's own password", false);
DB::table('roles')->insert([
    ['name' => 'staff', 'guard_name' => 'web'],
    ['name' => 'staff', 'guard_name' => 'api'],
    ['name' => 'machine', 'guard_name' => 'api'],
]);
DB::table('model_has_roles')->insert([
    ['role_id' => 1, 'model_type' => 'App\Models\User', 'model_id' => 1],
    ['role_id' => 3, 'model_type' => 'App\Models\User', 'model_id' => 1],
    ['role_id' => 1, 'model_type' => 'App\Models\Team', 'model_id' => 2],
]);
