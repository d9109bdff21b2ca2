export * from "./src/engine/mod.ts";
