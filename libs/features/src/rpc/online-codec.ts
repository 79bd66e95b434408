import { featureStoreService, type FeatureStoreService } from '@slipway/contracts/slipway.features.v1';
import type { GetOnlineFeaturesResponse } from '@slipway/contracts/slipway.features.v1';
import type { ServiceDescriptor } from '@slipway/contracts';
import type { ColumnType } from '@slipway/plugin-kit';
import type { AnsweredColumn } from '../domain/online/online-answer.ts';
import type { OnlineAnswer } from '../domain/online/online-reader.ts';
import { MessageWriter } from './message-writer.ts';

/** An answer that carries its bytes: the general codec looks at each value three times, which costs more than reading the features. */
const ENCODED = Symbol('encoded answer');
type Encoded = GetOnlineFeaturesResponse & { readonly [ENCODED]?: Buffer };

const method = featureStoreService.methods.getOnlineFeatures;

/** The contract as our server serves it. */
export const servedFeatureStoreService: ServiceDescriptor<FeatureStoreService> = {
  ...featureStoreService,
  methods: {
    ...featureStoreService.methods,
    getOnlineFeatures: {
      ...method,
      wire: {
        ...method.wire,
        responseSerialize: (response) => (response as Encoded)[ENCODED] ?? method.wire.responseSerialize(response),
      },
    },
  },
};

/** A response that is sent as these bytes; its fields stay empty. */
export const encodedAnswer = (answer: OnlineAnswer): GetOnlineFeaturesResponse =>
  ({ [ENCODED]: encodeOnlineAnswer(answer) }) as Encoded;

/** Field of `Column` by type. */
const COLUMN_FIELD: Readonly<Record<ColumnType, number>> = {
  string: 2,
  integer: 3,
  number: 4,
  boolean: 5,
  timestamp: 6,
};

/** A message that the general codec reads as the one it would have written itself, for any answer. */
export function encodeOnlineAnswer({ features, views }: OnlineAnswer): Buffer {
  const out = new MessageWriter();
  for (const { name, column } of features) {
    const vector = out.open(1);
    out.text(1, name);
    writeColumn(out, column);
    out.bytes(3, column.statuses);
    out.close(vector);
  }
  for (const { view, digest, eventTimes } of views) {
    const rows = out.open(2);
    out.text(1, view);
    out.text(2, digest);
    out.integers(3, eventTimes);
    out.close(rows);
  }
  return out.finish();
}

function writeColumn(out: MessageWriter, { type, values, nulls }: AnsweredColumn): void {
  const column = out.open(2);
  out.bytes(1, nulls);
  const list = out.open(COLUMN_FIELD[type]);
  if (type === 'string') for (const value of values) out.text(1, String(value));
  else if (type === 'number') out.doubles(1, values as number[]);
  else if (type === 'boolean') out.bytes(1, values as boolean[]);
  else out.integers(1, values as (number | string)[]);
  out.close(list);
  out.close(column);
}
