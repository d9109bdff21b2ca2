import type { Pythons } from "./venvs.ts";

/** Tool that does the job. */
export interface Peer {
  /** Name in a table. */
  name: string;
  /** The words of the command that a user types for the figures of a network. */
  cold(folder: string, network: string, threads: number): string[];
  /** The words of a command that prints figures as JSON. */
  figures(folder: string, network: string): string[];
  /** The words of a command that takes turns; `null` where a user of the tool would not write one. */
  warm: ((folder: string, network: string, threads: number) => string[]) | null;
  /** Seconds after which a process is given up. */
  limit: number;
}

/** Stock TensorFlow.js takes minutes for what others do in seconds. */
const LIMITS = { stock: 30, others: 120 };

const here = (name: string) => new URL(name, import.meta.url).pathname;

const DENO = [Deno.execPath(), "run", "-A"];

/** This tool. */
export const TOOL: Peer = {
  name: "this tool",
  // What the others do: no trial of training.
  cold: (folder, network, threads) => [
    ...DENO,
    here("../../mod.ts"),
    "report",
    `${folder}/${network}.keras`,
    "--batch",
    `${folder}/${network}.npz`,
    "--trial",
    "off",
    ...threads > 1 ? [] : ["--threads", "1"],
  ],
  figures: (folder, network) => [...DENO, here("tool_job.ts"), folder, network],
  warm: (folder, network, threads) => [
    ...DENO,
    here("tool_job.ts"),
    folder,
    network,
    "--warm",
    "--threads",
    `${threads}`,
  ],
  limit: LIMITS.others,
};

/** A job in Python. */
function inPython(name: string, python: string, job: string): Peer {
  const words = (folder: string, network: string) => [python, here(job), folder, network];
  const threads = (count: number) => ["--threads", `${count}`];
  return {
    name,
    cold: (folder, network, count) => [...words(folder, network), ...threads(count)],
    figures: words,
    warm: (folder, network, count) => [...words(folder, network), ...threads(count), "--warm"],
    limit: LIMITS.others,
  };
}

/** Stock TensorFlow.js. */
function onStock(backend: string): Peer {
  const words = (folder: string, network: string) => [
    ...DENO,
    here("tfjs_job.ts"),
    folder,
    network,
    backend,
  ];
  const name = `stock TF.js, ${backend}`;
  return { name, cold: words, figures: words, warm: null, limit: LIMITS.stock };
}

/** All others. */
export const peersOf = ({ keras, tf, torch }: Pythons): Peer[] => [
  inPython("PyTorch", torch, "torch_job.py"),
  inPython("Keras on TensorFlow", tf, "keras_tf_job.py"),
  inPython("Keras on JAX", keras, "keras_jax_job.py"),
  onStock("wasm"),
  onStock("cpu"),
];
