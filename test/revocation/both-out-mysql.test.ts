import { testBothOut } from './both-out.ts';

testBothOut('mysql');
