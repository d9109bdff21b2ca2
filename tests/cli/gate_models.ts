export const HEALTHY = "seed_tanh_critical";

export const BROKEN = "relu_dead_layer";
export const model = (name: string) => `${name}/model.json`;

export const CONFIGURATION = {
  models: [
    { name: "fine", path: model(HEALTHY), batch: `${HEALTHY}/batch.json` },
    { name: "dead", path: model(BROKEN), seeds: "0..2" },
  ],
};
