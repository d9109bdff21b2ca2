import { must, type Requirement } from "../words/requirements.ts";

/** The module of TensorFlow.js, also where a program has put another copy together. */
export const tensorFlow: Requirement = must("the module of TensorFlow.js", (value) => {
  const { layers, serialization, engine } = Object(value);
  return typeof layers?.Layer === "function" && typeof engine === "function" &&
    typeof serialization?.SerializationMap === "function";
});
