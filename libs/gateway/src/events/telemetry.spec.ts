import { EVENT_CATALOGUE } from '@slipway/contracts';
import { expect, it } from 'vitest';
import { countItems, isTelemetry } from './telemetry.ts';

const tokensOf = (type: string): string[] => type.split('.').slice(1, -1);

it('is told from facts by its subject', () => {
  const types = EVENT_CATALOGUE.map(({ type }) => type).filter((type) => isTelemetry(tokensOf(type)));
  expect(types).toEqual([
    'slipway.serving.prediction.logged.v1',
    'slipway.routing.exposure.logged.v1',
    'slipway.stream.departures.scored.v1',
  ]);
  expect(isTelemetry(['stream', 'any', 'received', 'k'])).toBe(true);
  expect(isTelemetry(['stream', 'any', 'deleted', 'k'])).toBe(false);
});

it('is counted by what it holds', () => {
  const items = EVENT_CATALOGUE.filter(({ type }) => isTelemetry(tokensOf(type))).map(({ sample }) =>
    countItems(sample),
  );
  expect(items).toEqual([2, 1, 1]);
  expect([undefined, { calls: [null, {}] }, { exposures: 7 }].map(countItems)).toEqual([1, 0, 1]);
});
