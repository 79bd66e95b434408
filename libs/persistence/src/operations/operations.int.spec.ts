import { describeWith } from '@slipway/testing';
import { operationsSuite } from '../testing/operations-suite.ts';
import { postgresDatabases } from '../testing/test-databases.ts';

describeWith(['postgresql'], 'real server', () => operationsSuite('PostgreSQL', () => postgresDatabases()));
