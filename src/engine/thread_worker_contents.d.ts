/** The source of Emscripten's pthread worker, as TensorFlow.js ships it. */
export const wasmWorkerContents: string;
