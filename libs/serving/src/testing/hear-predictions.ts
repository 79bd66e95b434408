import { decodePayload, parseCloudEvent, predictionLogged } from '@slipway/contracts';
import type { LoggedCall__Output } from '@slipway/contracts/slipway.serving.v1';
import type { EventBus } from '@slipway/plugin-kit';

/** Calls as a subscriber reads them, in the order in which they come. */
export async function hearPredictions(bus: EventBus): Promise<readonly (LoggedCall__Output & { model: string })[]> {
  const heard: (LoggedCall__Output & { model: string })[] = [];
  await bus.subscribe(
    {
      durable: 'test',
      subject: 'slipway.v1.*.serving.prediction.logged.>',
      from: 'beginning',
      ackWaitMs: 5_000,
      deliveriesMax: 1,
      backoffMs: [1],
      inFlightMax: 100,
      handlerTimeoutMs: 5_000,
      deadLetter: (delivery) => ({ ...delivery, subject: 'slipway.dead' }),
    },
    ({ data, headers }) => {
      const { model, calls } = decodePayload(predictionLogged, parseCloudEvent(data, headers).data);
      heard.push(...calls.map((call) => ({ ...(call as LoggedCall__Output), model })));
      return Promise.resolve();
    },
  );
  return heard;
}
