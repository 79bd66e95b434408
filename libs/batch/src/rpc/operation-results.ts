import { messageType } from '@slipway/contracts';
import { formatMicros } from '@slipway/kernel';
import type { OperationResult } from '@slipway/persistence';
import type { ScoringJob } from '../domain/scoring-job.ts';
import { toJobMessage } from './to-proto.ts';

const TYPE = 'slipway.batch.v1.ScoringJob';

/** proto3 JSON with the field names of the contract, as events have it: int64 as text, times as text, all fields there. */
export function toJobResult(job: ScoringJob): OperationResult {
  const shape = messageType(TYPE);
  const options = { longs: String, enums: String, bytes: String, json: true, defaults: true } as const;
  const told = shape.toObject(shape.fromObject(toJobMessage(job)), options) as { plan: object };
  const { from, until } = job.plan;
  const time = (micros: string | undefined) => (micros === undefined ? null : formatMicros(BigInt(micros)));
  const json = JSON.stringify({
    ...told,
    plan: { ...told.plan, from: time(from), until: time(until) },
    create_time: formatMicros(job.createTime),
    end_time: job.endTime === undefined ? null : formatMicros(job.endTime),
  });
  return { type: TYPE, json };
}
