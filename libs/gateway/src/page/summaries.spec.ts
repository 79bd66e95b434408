import { EVENT_CATALOGUE, recordEvent, toCloudEvent, type CloudEvent } from '@slipway/contracts';
import { describe, expect, it } from 'vitest';

const module = new URL('./gateway-page/summaries.js', import.meta.url).href;
const { summarise } = (await import(module)) as { summarise: (event: CloudEvent) => string };

const eventOf = (definition: (typeof EVENT_CATALOGUE)[number]): CloudEvent =>
  toCloudEvent(recordEvent(definition, definition.sample, { id: 'e1', workspace: 'default', time: 1n }), 'test');

describe('the line of the page', () => {
  it.each(EVENT_CATALOGUE.map((definition) => [definition.type, definition] as const))(
    'for %s is for people',
    (type, definition) => {
      const line = summarise(eventOf(definition));
      expect(line).not.toContain(type);
      expect(line).not.toMatch(/undefined|null|NaN|\[object/);
      expect(line.length).toBeLessThan(160);
    },
  );

  it('says what matters', () => {
    const lines = EVENT_CATALOGUE.map((definition) => summarise(eventOf(definition)));
    expect(lines).toContain('flights@champion moved from version 1 to version 2 by alice');
    expect(lines).toContain(
      'serving-0 could not load flights@champion version 3: the signature of the package does not match its manifest',
    );
    expect(lines).toContain('479\u202f650 rows came to flights, 21 in quarantine');
    expect(lines).toContain('2 predictions of flights');
  });

  it('for a type it does not know is its type and subject', () => {
    const event = {
      ...eventOf(EVENT_CATALOGUE[0] as (typeof EVENT_CATALOGUE)[number]),
      type: 'other.v1',
      subject: 'x',
    };
    expect(summarise(event)).toBe('other.v1 x');
  });
});
