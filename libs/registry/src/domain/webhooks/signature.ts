import { createHmac } from 'node:crypto';
import type { Micros } from '@slipway/kernel';

export interface SignedPart {
  readonly id: string;
  readonly body: string;
  /** Empty: nothing is signed. */
  readonly secret: string;
}

/** Headers of one attempt, as MLflow sends them. The time is that of the attempt: receivers refuse old ones. */
export function deliveryHeaders({ id, body, secret }: SignedPart, now: Micros): Readonly<Record<string, string>> {
  const timestamp = (now / 1_000_000n).toString();
  return {
    'Content-Type': 'application/json',
    'X-MLflow-Delivery-Id': id,
    'X-MLflow-Timestamp': timestamp,
    ...(secret === '' ? {} : { 'X-MLflow-Signature': signatureOf(secret, `${id}.${timestamp}.${body}`) }),
  };
}

const signatureOf = (secret: string, content: string): string =>
  `v1,${createHmac('sha256', secret).update(content).digest('base64')}`;
