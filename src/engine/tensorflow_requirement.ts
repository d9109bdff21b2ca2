import { must, type Requirement } from "../words/requirements.ts";

/** Requirement for the module of TensorFlow.js, also if a program has assembled another copy. */
export const tensorFlow: Requirement = must("the module of TensorFlow.js", (value) => {
  const { layers, serialization, engine } = Object(value);
  return typeof layers?.Layer === "function" && typeof engine === "function" &&
    typeof serialization?.SerializationMap === "function";
});
