import test from 'ava';
import { stringify } from 'yaml';
import { OperatorError } from '../../../gateway/domain/errors.ts';
import { closable } from '../../support/gateways/closable.ts';
import { BY_PATH, FOR, statusMeant, told } from '../../support/gateways/decisions.ts';
