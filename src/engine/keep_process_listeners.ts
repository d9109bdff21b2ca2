import process from "node:process";

const EVENTS = ["uncaughtException", "unhandledRejection"] as const;

/**
 * Does something that drops the process's listeners, and puts them back. Removing TensorFlow.js's
 * WASM backend takes every listener of these events off, whoever added it.
 */
export function keepProcessListeners(action: () => void): void {
  const before = EVENTS.map((event) => process.rawListeners(event) as (() => void)[]);
  try {
    action();
  } finally {
    EVENTS.forEach((event, index) => {
      process.removeAllListeners(event);
      for (const listener of before[index]) process.on(event, listener);
    });
  }
}
