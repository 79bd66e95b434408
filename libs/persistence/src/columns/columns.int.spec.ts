import { describeWith } from '@slipway/testing';
import { metadataTypesSuite } from '../testing/metadata-types-suite.ts';
import { postgresDatabases } from '../testing/test-databases.ts';

describeWith(['postgresql'], 'real server', () => metadataTypesSuite('PostgreSQL', () => postgresDatabases()));
