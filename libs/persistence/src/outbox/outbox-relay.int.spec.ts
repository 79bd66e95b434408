import { describeWith } from '@slipway/testing';
import { outboxRelaySuite } from '../testing/outbox-relay-suite.ts';
import { postgresDatabases } from '../testing/test-databases.ts';

describeWith(['postgresql'], 'real server', () => outboxRelaySuite('PostgreSQL', () => postgresDatabases()));
