import { describeWith } from '@slipway/testing';
import { postgresDatabases } from '../testing/test-databases.ts';
import { unitOfWorkSuite } from '../testing/unit-of-work-suite.ts';

describeWith(['postgresql'], 'real server', () => unitOfWorkSuite('PostgreSQL', () => postgresDatabases('registry')));
