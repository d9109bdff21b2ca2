import { writeFailure } from "../ground/words/failure.ts";
import { InputError } from "../ground/words/input_error.ts";
import { showValue } from "../ground/words/show_value.ts";
import type { TrainingStep } from "./training_step.ts";
import { logLine } from "./read_training_log.ts";
import { host } from "../platform/host.ts";

/** Signals of a step that TensorBoard shows, by their tags there. */
const TAGS: readonly (readonly [keyof TrainingStep, string])[] = [
  ["loss", "train/loss"],
  ["validationLoss", "validation/loss"],
  ["gradientNorm", "train/gradient_norm"],
  ["updateRatio", "train/update_ratio"],
  ["decreaseRatio", "train/decrease_ratio"],
  ["growth", "train/kernel_growth"],
  ["learningRate", "train/learning_rate"],
];

const LENGTH = 2, VARINT = 0, DOUBLE = 1, FLOAT = 5;

/** CRC-32C (Castagnoli), of one byte each. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc >>> 0;
});

/** Returns the CRC-32C of bytes, masked as TFRecord files have it. */
export function maskedCrc(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  crc = (crc ^ 0xffffffff) >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** Returns the first record of an event file of TensorBoard. */
export function eventFileHeader(seconds: number): Uint8Array<ArrayBuffer> {
  return recordOf([...doubleField(1, seconds), ...textField(3, "brain.Event:2")]);
}

/**
 * Writes the signals of a step as a record of an event file, which TensorBoard reads: an `Event`
 * with a `Summary` of scalars, framed as TFRecord. Signals that were not measured are left out.
 *
 * @param row The row of the step.
 * @param seconds Time of the step in seconds since 1970.
 */
export function eventRecord(row: TrainingStep, seconds: number): Uint8Array<ArrayBuffer> {
  const values = TAGS.flatMap(([signal, tag]) => {
    const value = row[signal];
    if (typeof value !== "number") return [];
    return messageField(1, [...textField(1, tag), ...floatField(2, value)]);
  });
  return recordOf([
    ...doubleField(1, seconds),
    ...key(2, VARINT),
    ...varint(row.step),
    ...messageField(5, values),
  ]);
}

function recordOf(data: readonly number[]): Uint8Array<ArrayBuffer> {
  const record = new Uint8Array(data.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc(record.subarray(0, 8)), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc(record.subarray(12, 12 + data.length)), true);
  return record;
}

const key = (field: number, type: number) => [(field << 3) | type];

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

function messageField(field: number, bytes: readonly number[]): number[] {
  return [...key(field, LENGTH), ...varint(bytes.length), ...bytes];
}

const textField = (field: number, text: string) =>
  messageField(field, [...new TextEncoder().encode(text)]);

function doubleField(field: number, value: number): number[] {
  return [...key(field, DOUBLE), ...new Uint8Array(Float64Array.of(value).buffer)];
}

function floatField(field: number, value: number): number[] {
  return [...key(field, FLOAT), ...new Uint8Array(Float32Array.of(value).buffer)];
}

/** Files that a monitor writes while a model is trained. */
interface MonitorOutputOptions {
  /** File that gets a line of JSON for each step. */
  log?: string;
  /** Folder that gets an event file of TensorBoard. */
  tensorBoard?: string;
}

/** File of a monitor. */
interface Output {
  option: "log" | "tensorBoard";
  path: string;
  bytesOf(row: TrainingStep): Uint8Array;
}

/**
 * Writes the rows of a training as they arrive. Files are not kept open, since they would also have
 * to be closed when the training throws.
 */
export class MonitorOutputs {
  readonly #outputs: Output[] = [];

  /**
   * Begins with empty files.
   *
   * @throws {InputError} If one cannot be written.
   */
  constructor({ log = "", tensorBoard = "" }: MonitorOutputOptions) {
    const text = new TextEncoder();
    if (log !== "") {
      this.#open(
        { option: "log", path: log, bytesOf: (row) => text.encode(logLine(row)) },
        () => host.writeTextFileSync(log, ""),
      );
    }
    if (tensorBoard !== "") {
      const path = eventFile(tensorBoard);
      this.#open({ option: "tensorBoard", path, bytesOf: (row) => eventRecord(row, now()) }, () => {
        host.mkdirSync(tensorBoard, { recursive: true });
        host.writeFileSync(path, eventFileHeader(now()));
      });
    }
  }

  #open(output: Output, begin: () => void): void {
    const { option, path } = output;
    try {
      begin();
    } catch (error) {
      const found = `${showValue(path)}, which cannot be written (${writeFailure(error)})`;
      const expected = "a place for the file of the monitor";
      throw new InputError({ place: `options.${option}`, found, expected });
    }
    this.#outputs.push(output);
  }

  /** Writes a row. A full disk ends the file, and not the training. */
  add(row: TrainingStep): void {
    for (const output of [...this.#outputs]) {
      try {
        host.writeFileSync(output.path, output.bytesOf(row), { append: true });
      } catch (error) {
        this.#outputs.splice(this.#outputs.indexOf(output), 1);
        console.error(
          `healthMonitor, after step ${row.step}: ${output.path} cannot be written ` +
            `(${writeFailure(error)}), and ends here.`,
        );
      }
    }
  }
}

const now = () => Date.now() / 1000;

/**
 * Returns the path of a new event file, other than that of a monitor that began in the same second.
 * TensorBoard reads files with this word in their names.
 */
function eventFile(folder: string): string {
  const unique = crypto.randomUUID().slice(0, 8);
  return `${folder}/events.out.tfevents.${Math.floor(now())}.gradient-health.${unique}`;
}
