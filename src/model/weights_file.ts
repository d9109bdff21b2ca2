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
  | "complex64"
  | "complex128";

/** Tensor in a file; its entries are only read on demand. */
export interface FileTensor {
  /** Name: `layer1.0.conv1.weight`. */
  name: string;
  /** Shape. */
  shape: number[];
  /** Type of the entries in the file. */
  type: FileType;
  /** Reads the entries as float32, row-major. */
  read(): Float32Array<ArrayBuffer>;
}

/** File that holds weights and no topology. */
export interface WeightsFile {
  /** Path of the file, as the caller put it. */
  path: string;
  /** Format of the file: `safetensors`, or `PyTorch` for a file of `torch.save`. */
  format: "safetensors" | "PyTorch";
  /** Tensors, in the order of the file. */
  tensors: FileTensor[];
  /** Notes on how it was read, a sentence each. */
  notes: string[];
}
