import { defineSettings } from '@slipway/platform';
import { z } from 'zod';

/** Settings of the monitor; flat, so that a process that hosts several services can join them. */
export const monitoringSettings = defineSettings({
  'monitoring.evaluate-every-ms': {
    schema: z.coerce
      .number()
      .int()
      .min(100)
      .max(24 * 3_600_000),
    default: 60_000,
    doc: 'Milliseconds between two rounds that close windows of monitors that are not manual.',
  },
});
