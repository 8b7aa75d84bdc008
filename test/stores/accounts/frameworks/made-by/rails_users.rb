# Makes the table `users` of Devise's migration (with confirmable and lockable), those of rolify, and the users of Rails'
# own generator of authentication, each with users by their own code.
#
# Run with DATABASE set to sqlite:FILE, mysql:NAME or postgres:NAME (servers on 127.0.0.1). Made with Active Record 6.1 and
# Devise 4.8 of Debian 12; the table of rolify is that of its published migration.

require 'active_record'
require 'devise'
require 'devise/orm/active_record'

kind, name = ENV.fetch('DATABASE').split(':', 2)
ActiveRecord::Base.establish_connection({
  'sqlite' => { adapter: 'sqlite3', database: name },
  'mysql' => { adapter: 'mysql2', host: '127.0.0.1', username: 'root', database: name, encoding: 'utf8mb4' },
  'postgres' => { adapter: 'postgresql', host: '127.0.0.1', username: 'postgres', database: name }
}.fetch(kind))
ActiveRecord::Schema.verbose = false
ActiveRecord::Schema.define do
  create_table :users do |t|
    t.string   :email, null: false, default: ''
    t.string   :encrypted_password, null: false, default: ''
    t.string   :reset_password_token
    t.datetime :reset_password_sent_at
    t.datetime :remember_created_at
    t.string   :confirmation_token
    t.datetime :confirmed_at
    t.datetime :confirmation_sent_at
    t.string   :unconfirmed_email
    t.integer  :failed_attempts, default: 0, null: false
    t.string   :unlock_token
    t.datetime :locked_at
    t.timestamps null: false
  end
  add_index :users, :email, unique: true
  add_index :users, :reset_password_token, unique: true
  create_table(:roles) do |t|
    t.string :name
    t.references :resource, polymorphic: true
    t.timestamps
  end
  create_table(:users_roles, id: false) do |t|
    t.references :user
    t.references :role
  end
  create_table :members do |t|
    t.string :email_address, null: false
    t.string :password_digest, null: false
    t.timestamps
  end
  add_index :members, :email_address, unique: true
end

class User < ActiveRecord::Base; end

def digest(password)
  Devise::Encryptor.digest(Struct.new(:pepper, :stretches).new(ENV['PEPPER'], Devise.stretches), password)
end
now = Time.utc(2026, 11, 27, 12)
ada = User.create!(email: 'ada@example.com', encrypted_password: digest('correct horse: battery staple'), confirmed_at: now)
User.create!(email: 'bob@example.com', encrypted_password: digest("bob's own password"))

class Role < ActiveRecord::Base; end
connection = ActiveRecord::Base.connection
[Role.create!(name: 'staff'), Role.create!(name: 'owner', resource_type: 'Forum', resource_id: 7)].each do |role|
  connection.execute("insert into users_roles (user_id, role_id) values (#{ada.id}, #{role.id})")
end

class Member < ActiveRecord::Base
  has_secure_password
end
Member.create!(email_address: 'ada@example.com', password: 'correct horse: battery staple')
