import test from 'ava';
import { GatewayError } from '../../gateway/domain/errors.ts';

const hasStack = (error: Error) => /\n +at /.test(error.stack ?? '');

test('an error that clients cause at will takes no stack, any other does', (t) => {
  t.false(hasStack(new GatewayError('unauthorized', 'wrong password')));
  t.true(hasStack(new GatewayError('internal_error', 'unexpected')));
  t.true(hasStack(new GatewayError('bad_gateway', 'no answer')));
  t.true(hasStack(new Error('of somebody else')));
});
