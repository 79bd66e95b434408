import { describeWith } from '@slipway/testing';
import { pagingSuite } from '../testing/paging-suite.ts';
import { postgresDatabases } from '../testing/test-databases.ts';

describeWith(['postgresql'], 'real server', () => pagingSuite('PostgreSQL', () => postgresDatabases()));
