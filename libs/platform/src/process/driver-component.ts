import type { Component } from '@slipway/kernel';

/** What all drivers have in common. */
export interface OpenableDriver {
  open(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** A driver as a part of the process: opened at its place in the start, closed in reverse. */
export function driverComponent(name: string, driver: OpenableDriver): Component {
  return { name, start: (signal) => driver.open(signal), stop: () => driver.close() };
}
