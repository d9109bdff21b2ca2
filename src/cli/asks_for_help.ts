/**
 * Whether a command line asks for help, so that nothing of the library is needed.
 *
 * @param args The arguments.
 * @returns Whether `--help` or `-h` is among the flags. Behind `--` stand names, whatever they look
 * like.
 */
export function asksForHelp(args: string[]): boolean {
  const own = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  return own.includes("--help") || own.includes("-h");
}
