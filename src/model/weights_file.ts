/** How the entries of a tensor are written in a file. */
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

/** A tensor in a file; its entries are not read before they are asked for. */
export interface FileTensor {
  /** Its name: `layer1.0.conv1.weight`. */
  name: string;
  /** Its shape. */
  shape: number[];
  /** How its entries are written. */
  type: FileType;
  /** Its entries as float32, row-major. */
  read(): Float32Array<ArrayBuffer>;
}

/** A file that holds weights and no topology. */
export interface WeightsFile {
  /** The file, as the caller put it. */
  path: string;
  /** What the file is: `safetensors`, or `PyTorch` for what `torch.save` writes. */
  format: "safetensors" | "PyTorch";
  /** Its tensors, in the order of the file. */
  tensors: FileTensor[];
  /** What should be known of how it was read: a sentence each. */
  notes: string[];
}
