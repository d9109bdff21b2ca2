import { testGradientHealth } from "@gradient-health/gradient-health";
import { createModel, objective } from "./model.ts";

testGradientHealth("the classifier can be trained", createModel, {
  objective,
  modelRules: ["batch-independence", "weights-change"],
});
