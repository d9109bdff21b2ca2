/** Type of a tensor's entries in a file. */
export type FileType =
  | "float64"
  | "float32"
  | "float16"
  | "bfloat16"
  | "int64"
  | "int32"
  | "int16"
  | "int8"
  | "uint64"
  | "uint32"
  | "uint16"
  | "uint8"
  | "bool"
  | "float8"
  | "float8_e4m3"
  | "float8_e5m2"
  | "float8_e4m3fnuz"
  | "float8_e5m2fnuz"
  | "float6"
  | "float4"
  | "complex64"
  | "complex128";

/** Bytes of an entry. */
export const BYTES: Readonly<Record<FileType, number>> = {
  float64: 8,
  float32: 4,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint64: 8,
  uint32: 4,
  uint16: 2,
  uint8: 1,
  bool: 1,
  float8: 1,
  float8_e4m3: 1,
  float8_e5m2: 1,
  float8_e4m3fnuz: 1,
  float8_e5m2fnuz: 1,
  float6: 0.75,
  float4: 0.5,
  complex64: 8,
  complex128: 16,
};

/** Types of weights; entries of other types are not judged. */
const FLOATS: readonly FileType[] = [
  "float64",
  "float32",
  "float16",
  "bfloat16",
  "float8_e4m3",
  "float8_e5m2",
  "float8_e4m3fnuz",
  "float8_e5m2fnuz",
];

/** Returns true if entries of a type are weights. */
export const isFloat = (type: FileType): boolean => FLOATS.includes(type);

/** Returns true if entries of a type are whole numbers. */
export const isWhole = (type: FileType): boolean => /^(u?int|bool)/.test(type);
