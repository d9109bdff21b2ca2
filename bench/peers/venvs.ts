/** The Python environments of the comparison, and what is installed into each. */
const PACKAGES: Record<string, string[]> = {
  keras: ["keras==3.15.1", "jax==0.10.2", "h5py==3.16.0", "numpy==2.4.6"],
  tf: ["keras==3.15.1", "tensorflow-cpu==2.21.0", "tf_keras==2.21.0"],
  torch: ["torch==2.15.0", "safetensors==0.8.0", "numpy==2.4.6", "lightning==2.6.6"],
  programs: ["torch==2.15.0", "torchvision==0.29.2", "timm==1.0.31", "transformers==5.24.0"],
};

/** Path of each environment's Python. */
export type Pythons = Record<"keras" | "tf" | "torch", string>;

/** Returns the Python that exports programs, of an environment that is made if there is none. */
export const findPrograms = (folder: string): Promise<string> => findPython(folder, "programs");

/**
 * Takes the environments that a folder holds, and makes those that it lacks.
 *
 * @param folder `GRADIENT_HEALTH_PEERS`, or a folder of the comparison's own.
 */
export async function findPythons(folder: string): Promise<Pythons> {
  return {
    keras: await findPython(folder, "keras"),
    tf: await findPython(folder, "tf"),
    torch: await findPython(folder, "torch"),
  };
}

async function findPython(folder: string, name: string): Promise<string> {
  const python = `${folder}/${name}/bin/python`;
  if (await Deno.stat(python).then(() => true, () => false)) return python;
  const packages = PACKAGES[name];
  console.error(`making ${folder}/${name}: ${packages.join(" ")}`);
  await run("python3", "-m", "venv", `${folder}/${name}`);
  await run(python, "-m", "pip", "install", "--quiet", ...packages);
  return python;
}

async function run(command: string, ...args: string[]): Promise<void> {
  const { success } = await new Deno.Command(command, { args }).output();
  if (!success) throw new Error(`${command} ${args.join(" ")} failed`);
}
