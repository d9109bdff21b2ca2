/** What a subcommand that measures needs to be allowed. */
export const MEASURE_PERMISSIONS: readonly string[] = [
  "--allow-read=MODEL'S FOLDER,BATCH,WASM  the model, the batch and TensorFlow.js's WASM file",
  "--allow-write=FILE                     for --out FILE",
];
