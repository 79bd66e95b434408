import { describeWith } from '@slipway/testing';
import { postgresDatabases } from '../testing/test-databases.ts';
import { platformServicesSuite } from './testing/platform-services-suite.ts';

describeWith(['postgresql'], 'real server', () => platformServicesSuite('PostgreSQL', () => postgresDatabases()));
