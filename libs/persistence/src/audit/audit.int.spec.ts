import { describeWith } from '@slipway/testing';
import { auditSuite } from '../testing/audit-suite.ts';
import { postgresDatabases } from '../testing/test-databases.ts';

describeWith(['postgresql'], 'real server', () => auditSuite('PostgreSQL', () => postgresDatabases()));
