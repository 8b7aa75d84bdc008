import { testDatabaseOutages } from './database-outages.ts';

testDatabaseOutages('postgres');
