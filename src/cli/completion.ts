/** `peccary completion SHELL`: a completion script made from the commands and options as they are. */
import { Argument, type Command, type Option } from 'commander';

const example = `
Examples:
  source <(peccary completion bash)
  peccary completion zsh > "\${fpath[1]}/_peccary"
  peccary completion fish > ~/.config/fish/completions/peccary.fish`;

/** What a shell needs to know of one command path ("alerts list"). */
export interface CommandWords {
  path: string;
  summary: string;
  subcommands: { name: string; summary: string }[];
  options: { flags: string[]; summary: string; choices: string[]; takesValue: boolean }[];
  /** Choices of the first argument, if it has them. */
  choices: string[];
  /** Its arguments are files. */
  files: boolean;
}

/** Options of `alerts` whose values the database knows (alerts-words.ts). */
const known = ['--sid', '--signature', '--category', '--host', '--tag'];

export function registerCompletion(program: Command, wholeProgram: () => Promise<Command>): void {
  program
    .command('completion')
    .description('Print a completion script for a shell.')
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText('after', example)
    .action(async (shell: string) => {
      const words = commandWords(await wholeProgram());
      const script = shell === 'bash' ? bashScript(words) : shell === 'zsh' ? zshScript(words) : fishScript(words);
      process.stdout.write(script);
    });
}

/** The program's commands, itself first (path ''), each with its words. */
export function commandWords(command: Command, path = ''): CommandWords[] {
  const visible = command.commands.filter((sub) => !(sub as unknown as { _hidden?: boolean })._hidden);
  const words: CommandWords = {
    path,
    summary: firstLine(command.description()),
    subcommands: visible.map((sub) => ({ name: sub.name(), summary: firstLine(sub.description()) })),
    options: command.options.filter((option) => !option.hidden).map(optionWords),
    choices: command.registeredArguments.at(0)?.argChoices ?? [],
    files: command.registeredArguments.some((a) => a.name() === 'capture'),
  };
  const below = visible.flatMap((sub) => commandWords(sub, path === '' ? sub.name() : `${path} ${sub.name()}`));
  return [words, ...below];
}

function optionWords(option: Option): CommandWords['options'][number] {
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    summary: firstLine(option.description),
    choices: option.argChoices ?? [],
    takesValue: option.required || option.optional,
  };
}

function firstLine(text: string): string {
  return text.split('\n')[0];
}

/** Single-quoted for a POSIX shell and fish alike. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", '’')}'`;
}

function bashScript(all: CommandWords[]): string {
  const cases = all.map((c) => {
    const words = [...c.subcommands.map((s) => s.name), ...c.choices, ...c.options.flatMap((o) => o.flags)];
    return `    ${quoted(c.path)}) words=${quoted(words.join(' '))}${c.files ? ' files=yes' : ''} ;;`;
  });
  const values = all.flatMap((c) =>
    c.options
      .filter((o) => o.choices.length > 0)
      .flatMap((o) =>
        o.flags.map((flag) => `    ${quoted(`${c.path} ${flag}`)}) words=${quoted(o.choices.join(' '))} ;;`),
      ),
  );
  const files = all.flatMap((c) =>
    c.options
      .filter((o) => o.takesValue && o.choices.length === 0)
      .flatMap((o) => o.flags.map((flag) => quoted(`${c.path} ${flag}`))),
  );
  const paths = all.slice(1).map((c) => quoted(c.path));
  return `# completion of peccary for bash (and zsh through bashcompinit)
_peccary() {
  local database=() i
  local newline=$'\\n' IFS=$'\\n' current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} path='' words='' files='' word
  for word in "\${COMP_WORDS[@]:1:$((COMP_CWORD-1))}"; do
    case "\${path:+$path }$word" in
      ${paths.join('|')}) path="\${path:+$path }$word" ;;
    esac
  done
  if [ "\${path%% *}" = alerts ]; then
    case "$previous" in
      ${known.join('|')})
        for ((i = 1; i < COMP_CWORD; i++)); do
          case "\${COMP_WORDS[i]}" in
            --db|-l|--log-dir|-c|--config|--set|--include) database+=("\${COMP_WORDS[i]}" "\${COMP_WORDS[i+1]}") ;;
          esac
        done
        COMPREPLY=($("\${COMP_WORDS[0]}" alerts words "\${previous#--}" "\${database[@]}" -- "$current" 2>/dev/null))
        return ;;
    esac
  fi
  case "$path $previous" in
${values.join('\n')}
    ${files.join('|')}) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  if [ -n "$words" ]; then
    COMPREPLY=($(compgen -W "\${words// /$newline}" -- "$current"))
    return
  fi
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "\${words// /$newline}" -- "$current"))
  if [ -n "$files" ]; then COMPREPLY+=($(compgen -f -- "$current")); fi
}
complete -o filenames -F _peccary peccary
`;
}

function zshScript(all: CommandWords[]): string {
  // zsh runs the file as the function _peccary when it is first needed: then it has to complete as well as define.
  return `#compdef peccary
autoload -U +X bashcompinit && bashcompinit
${bashScript(all)}if [ "\${funcstack[1]}" = _peccary ]; then _bash_complete -o filenames -F _peccary; fi
`;
}

function fishScript(all: CommandWords[]): string {
  const lines = ['# fish completion of peccary'];
  for (const c of all) {
    const parts = c.path === '' ? [] : c.path.split(' ');
    const seen = parts.map((part) => `__fish_seen_subcommand_from ${part}`);
    const below = c.subcommands.map((s) => s.name).join(' ');
    const unseen = below === '' ? [] : [`not __fish_seen_subcommand_from ${below}`];
    const here = [...seen, ...unseen].join('; and ');
    const when = here === '' ? '' : ` -n ${quoted(here)}`;
    const always = seen.length === 0 ? '' : ` -n ${quoted(seen.join('; and '))}`;
    for (const s of c.subcommands) lines.push(`complete -c peccary${when} -f -a ${s.name} -d ${quoted(s.summary)}`);
    if (c.path !== '' && !c.files) lines.push(`complete -c peccary${when} -f`);
    for (const choice of c.choices) lines.push(`complete -c peccary${when} -f -a ${choice}`);
    for (const o of c.options) {
      const flags = o.flags.map((f) => (f.startsWith('--') ? `-l ${f.slice(2)}` : `-s ${f.slice(1)}`)).join(' ');
      const kind = o.flags.find((f) => parts[0] === 'alerts' && known.includes(f))?.slice(2);
      if (kind !== undefined) {
        const words = quoted(`(peccary alerts words ${kind} -- (commandline -ct) 2>/dev/null)`);
        lines.push(`complete -c peccary${always} ${flags} -x -a ${words} -d ${quoted(o.summary)}`);
        continue;
      }
      const value = o.choices.length > 0 ? ` -x -a ${quoted(o.choices.join(' '))}` : o.takesValue ? ' -r' : '';
      lines.push(`complete -c peccary${always} ${flags}${value} -d ${quoted(o.summary)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
