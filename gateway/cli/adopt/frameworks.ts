/** How the table of users of a framework looks. Columns are named as `plainName` writes them. */
export interface Framework {
  readonly name: string;
  /** Columns that its table has. */
  readonly columns: readonly string[];
  /** Columns of which its table has at least one. */
  readonly oneOf?: readonly string[];
  /** Columns that its table has, in this very spelling. */
  readonly exact?: readonly string[];
  /** Names of its table, as `plainName` writes them. */
  readonly table?: RegExp;
  /** What its users log in with, where it is not the email; as they type it, since logins are compared exactly. */
  readonly login?: readonly string[];
  /** Columns that say who may log in, where the common names would mislead; every one that exists must be true. */
  readonly positive?: readonly string[];
  /** Columns that say who may not. */
  readonly negative?: readonly string[];
  /** What the operator must know. */
  readonly note?: string;
}

/** The more particular first: the first one that a table has all columns of is taken. */
export const FRAMEWORKS: readonly Framework[] = [
  {
    name: 'WordPress',
    table: /users$/,
    columns: ['userlogin', 'userpass', 'useremail', 'usernicename'],
    login: ['userlogin'],
    positive: [],
    negative: ['userstatus', 'spam', 'deleted'],
    note: 'WordPress keeps roles as serialised PHP in usermeta, which the gateway does not read.',
  },
  {
    name: 'Drupal',
    table: /usersfielddata$/,
    columns: ['uid', 'name', 'pass', 'mail', 'status'],
    login: ['name'],
    positive: ['status'],
  },
  {
    name: 'Joomla',
    table: /users$/,
    columns: ['username', 'email', 'password', 'block', 'registerdate'],
    login: ['username'],
    positive: [],
    negative: ['block'],
  },
  {
    name: 'phpBB',
    table: /users$/,
    columns: ['userid', 'username', 'userpassword', 'useremail', 'usertype'],
    login: ['username'],
    positive: [],
    negative: ['userinactivereason'],
    note: 'phpBB keeps its bots in this table too: they have an empty hash, and can never log in.',
  },
  {
    name: 'ASP.NET Identity',
    columns: ['normalizedusername', 'normalizedemail', 'passwordhash', 'securitystamp'],
    login: ['username'],
    positive: ['emailconfirmed'],
    note: 'Lock-outs (LockoutEnd) are not looked at: they end by themselves.',
  },
  {
    name: 'ASP.NET Identity 2',
    columns: ['username', 'email', 'passwordhash', 'securitystamp', 'lockoutenabled'],
    login: ['username'],
    positive: ['emailconfirmed'],
  },
  {
    name: 'Django',
    columns: ['password', 'lastlogin', 'issuperuser'],
    login: ['username'],
    positive: ['isactive'],
    negative: [],
  },
  { name: 'Django', columns: ['password', 'lastlogin', 'isactive'], login: ['username'], positive: ['isactive'] },
  {
    name: 'JHipster (Spring Boot)',
    table: /user$/,
    columns: ['login', 'passwordhash', 'activated', 'activationkey'],
    login: ['login'],
    positive: ['activated'],
  },
  {
    name: 'Spring Security',
    table: /^users$/,
    columns: ['username', 'password', 'enabled'],
    login: ['username'],
    positive: ['enabled'],
  },
  {
    name: 'Supabase',
    columns: ['encryptedpassword', 'emailconfirmedat', 'rawappmetadata'],
    negative: ['deletedat', 'banneduntil'],
  },
  { name: 'Rails, Devise', columns: ['email', 'encryptedpassword', 'resetpasswordtoken'] },
  { name: 'Rails, has_secure_password', columns: ['passworddigest'] },
  {
    name: 'Laravel',
    columns: ['email', 'password'],
    oneOf: ['rememberToken', 'emailverifiedat'].map((name) => name.toLowerCase()),
  },
  { name: 'AdonisJS', columns: ['email', 'password', 'remembermetoken'] },
  {
    name: 'Flask-Security',
    columns: ['email', 'password'],
    oneOf: ['fsuniquifier', 'ustfphonenumber', 'currentloginat'],
  },
  { name: 'FastAPI Users', columns: ['email', 'hashedpassword', 'isactive', 'issuperuser', 'isverified'] },
  { name: 'Phoenix, phx.gen.auth', columns: ['email', 'hashedpassword', 'insertedat'] },
  { name: 'Directus', table: /^directususers$/, columns: ['email', 'password', 'status', 'externalidentifier'] },
  { name: 'Symfony', table: /^users?$/, columns: ['email', 'roles', 'password'] },
  {
    name: 'Node with Sequelize or Prisma',
    table: /^users?$/,
    columns: ['email'],
    exact: ['createdAt', 'updatedAt'],
  },
  { name: 'Flask with Werkzeug', table: /^users?$/, columns: ['passwordhash'] },
];
