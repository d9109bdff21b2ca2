import type { ByteSource } from "../files/byte_source.ts";
import { countOf, isCount, readersOf } from "../files/file_types.ts";
import { BYTES, type FileType } from "../ground/traits/number_types.ts";
import { ModelError } from "../core/model/model_error.ts";
import type { FileTensor } from "../files/weights_file.ts";
import { anyOf, showValue } from "../ground/words/show_value.ts";
import { refusal } from "../ground/words/input_error.ts";

/** Names of types in the format (github.com/huggingface/safetensors, `Dtype`). */
const TYPES: Readonly<Record<string, FileType>> = {
  F64: "float64",
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
  I64: "int64",
  I32: "int32",
  I16: "int16",
  I8: "int8",
  U64: "uint64",
  U32: "uint32",
  U16: "uint16",
  U8: "uint8",
  BOOL: "bool",
  F8_E4M3: "float8_e4m3",
  F8_E5M2: "float8_e5m2",
  F8_E4M3FNUZ: "float8_e4m3fnuz",
  F8_E5M2FNUZ: "float8_e5m2fnuz",
  F6_E2M3: "float6",
  F6_E3M2: "float6",
  F4: "float4",
  // Powers of two: scales of blocks of weights.
  F8_E8M0: "float8",
  C64: "complex64",
};

/** The header starts after its length, a number of 8 bytes. */
const LENGTH_BYTES = 8;

/** Largest header that the format allows. */
const MAX_HEADER = 1e8;

/** Facts about a tensor that are kept until all are known. */
interface Entry {
  name: string;
  type: FileType;
  shape: number[];
  begin: number;
  end: number;
}

/**
 * Reads a `.safetensors` file: 8 bytes with the length of a JSON header, the header, then the
 * entries of all tensors without a gap. Every byte after the header belongs to one tensor, so a
 * file can hide nothing and no two tensors share entries.
 *
 * @param file The file; its tensors are read from it on demand.
 * @throws {ModelError} If the file is not a safetensors file.
 */
export function readSafetensors(file: ByteSource): FileTensor[] {
  if (file.size < LENGTH_BYTES) {
    throw new ModelError(
      refusal`The file has ${file.size} bytes, expected 8 with the header's length`,
    );
  }
  const { buffer, byteOffset } = file.read(0, LENGTH_BYTES, "The length of the header");
  const length = new DataView(buffer, byteOffset).getBigUint64(0, true);
  const start = LENGTH_BYTES + Number(length);
  if (length > MAX_HEADER || start > file.size) {
    throw new ModelError(
      refusal`The header is said to have ${length} bytes, expected at most ${
        Math.min(MAX_HEADER, file.size - LENGTH_BYTES)
      } in a file of ${file.size}: truncated, or not a safetensors file`,
    );
  }
  const header = parseHeader(file.read(LENGTH_BYTES, Number(length), "The header"));
  const room = file.size - start;
  const entries = Object.entries(header)
    .filter(([name]) => name !== "__metadata__")
    .map(([name, value]) => readEntry(name, value));
  let at = 0;
  let before: Entry | null = null;
  for (const entry of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    const place = `data_offsets of ${showValue(entry.name)}`;
    if (entry.begin < at) {
      throw new ModelError({
        place,
        verb: "begin at",
        found: `${entry.begin}`,
        expected: `${at}, where ${showValue(before!.name)} ends`,
        hint: ": two tensors overlap",
      });
    }
    if (entry.begin > at) {
      throw new ModelError(
        refusal`${place} begin at ${entry.begin}, expected ${at}: there is a hole`,
      );
    }
    if (entry.end > room) {
      throw new ModelError(
        refusal`${place} end at ${entry.end}, expected at most ${room}, the end of the file: truncated`,
      );
    }
    at = entry.end;
    before = entry;
  }
  if (at !== room) {
    throw new ModelError(
      refusal`The file has ${room} bytes of entries, expected the ${at} that its header declares`,
    );
  }
  return entries.map((entry) => tensorOf(file, start, entry));
}

function tensorOf(
  { file, start, read }: ByteSource,
  first: number,
  { name, type, shape, begin, end }: Entry,
): FileTensor {
  const offset = first + begin;
  return {
    name,
    type,
    shape,
    ...readersOf(type, () => read(offset, end - begin, showValue(name))),
    ...file === null ? {} : { stored: { file, offset: start + offset } },
  };
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new ModelError(refusal`The header is not valid JSON, expected a safetensors file`, {
      cause: error,
    });
  }
  if (typeof header !== "object" || header === null || Array.isArray(header)) {
    throw new ModelError(
      refusal`The header is ${showValue(header)}, expected an object of tensors`,
    );
  }
  return header as Record<string, unknown>;
}

function readEntry(name: string, value: unknown): Entry {
  const shown = showValue(name);
  const entry = Object(value) as Record<string, unknown>;
  for (const key of ["shape", "data_offsets"]) {
    if (entry[key] === undefined) {
      throw new ModelError(refusal`${key} of ${shown} is missing, expected an array`);
    }
  }
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== "string" || !Object.hasOwn(TYPES, dtype)) {
    const found = dtype === undefined ? "missing" : showValue(dtype);
    throw new ModelError(
      refusal`dtype of ${shown} is ${found}, expected ${anyOf(Object.keys(TYPES))}`,
    );
  }
  const count = Array.isArray(shape) ? countOf(shape) : null;
  if (count === null) {
    const found = Array.isArray(shape)
      ? `[${shape.slice(0, 9).map(showValue).join(", ")}]`
      : showValue(shape);
    throw new ModelError(
      refusal`shape of ${shown} is ${found}, expected whole numbers of a tensor`,
    );
  }
  const isPair = Array.isArray(offsets) && offsets.length === 2 && offsets.every(isCount);
  if (!isPair || offsets[1] < offsets[0]) {
    throw new ModelError(
      refusal`data_offsets of ${shown} is ${showValue(offsets)}, expected where it begins and ends`,
    );
  }
  const type = TYPES[dtype];
  const [begin, end] = offsets as number[];
  if (end - begin !== count * BYTES[type]) {
    throw new ModelError({
      place: `data_offsets of ${shown}`,
      verb: "cover",
      found: `${end - begin} bytes`,
      expected: `${count * BYTES[type]} for shape [${(shape as number[]).join(", ")}] of ${dtype}`,
    });
  }
  return { name, type, shape: shape as number[], begin, end };
}
