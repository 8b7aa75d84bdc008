// Makes the table of an Express application with Sequelize, and two users with bcryptjs' hashes.
//
// Run with DATABASE set to sqlite:FILE, mysql:NAME or postgres:NAME (servers on 127.0.0.1), where sequelize, bcryptjs, mysql2, pg
// and sqlite3 are installed. Made with sequelize 6.37.8 and bcryptjs 3.

const { Sequelize, DataTypes } = require('sequelize');
const { hash } = require('bcryptjs');

const [kind, name] = process.env.DATABASE.split(':');
const sequelize = {
  sqlite: () => new Sequelize({ dialect: 'sqlite', storage: name, logging: false }),
  mysql: () => new Sequelize(name, 'root', '', { dialect: 'mysql', host: '127.0.0.1', logging: false }),
  postgres: () => new Sequelize(name, 'postgres', '', { dialect: 'postgres', host: '127.0.0.1', logging: false }),
}[kind]();

const User = sequelize.define('User', {
  email: { type: DataTypes.STRING, allowNull: false, unique: true },
  password: { type: DataTypes.STRING, allowNull: false },
  emailVerified: { type: DataTypes.BOOLEAN, allowNull: false, defaultValue: false },
  role: { type: DataTypes.ENUM('member', 'staff'), allowNull: false, defaultValue: 'member' },
});

async function makeUsers() {
  await sequelize.sync();
  const ada = await hash('correct horse: battery staple', 10);
  await User.create({ email: 'Ada@example.com', password: ada, emailVerified: true, role: 'staff' });
  await User.create({ email: 'bob@example.com', password: await hash("bob's own password", 10) });
  await sequelize.close();
}

void makeUsers();
