import type { EventDefinition } from '@slipway/kernel';
import { protoRoot } from '../schema.ts';
import { EVENT_CATALOGUE } from './catalogue.ts';
import { recordEvent, toCloudEvent } from './cloud-event.ts';
import { subjectOf } from './subject.ts';

const SAMPLE_TIME = 986_083_200_000_000n; // 2001-04-01
const SAMPLE_ID = '01942f7e-0000-7000-8000-000000000000';

/** The page `docs/events.md`: every kind of event with its subject, its fields and a sample as a subscriber gets it. */
export function documentEvents(): string {
  return [
    '# Events',
    '',
    'Every change of state is published as a CloudEvents 1.0 event (structured mode, JSON) on NATS or on the embedded bus.',
    'Subjects have the form `slipway.v1.<workspace>.<domain>.<noun>.<verb>.<key>`; subscribe to `slipway.>` for all of them.',
    'Order holds among events of one workspace and key. Delivery is at least once: deduplicate by `id`.',
    'This page is generated from the event catalogue by `npm run docs`.',
    '',
    ...EVENT_CATALOGUE.flatMap(section),
  ].join('\n');
}

function section(definition: EventDefinition<object>): string[] {
  const { domain, noun, verb } = definition.subject;
  const service = domain === 'bus' ? 'any' : domain;
  const event = recordEvent(definition, definition.sample, { id: SAMPLE_ID, workspace: 'default', time: SAMPLE_TIME });
  const fields = protoRoot.lookupType(definition.schema).fieldsArray.map((field) => `\`${field.name}\` ${field.type}`);
  return [
    `## ${domain}.${noun}.${verb}`,
    '',
    `Type \`${definition.type}\`, payload \`${definition.schema}\`: ${fields.join(', ')}.`,
    '',
    '```',
    subjectOf(definition.subject, 'default', event.key),
    JSON.stringify(toCloudEvent(event, service), null, 2),
    '```',
    '',
  ];
}
