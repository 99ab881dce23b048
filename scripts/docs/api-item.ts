import {
  docBefore,
  isSchemaName,
  schemaNameIn,
  schemaPartsIn,
  typeNamesIn,
  type Declaration,
  type Declared,
  type Doc,
  type Sources,
} from './declarations.ts';

/** One public name as the reference shows it. */
export type ApiItem = {
  name: string;
  path: string;
  kind: 'function' | 'class' | 'object' | 'value' | 'type';
  /** TypeScript, without bodies and without the doc comments that `members` hold. */
  code: string;
  doc: Doc;
  members: readonly Member[];
  uses: ReadonlySet<string>;
};

/** `called`: a method, which needs an example. */
type Member = { name: string; signature: string; doc: Doc; called: boolean };

/** Apps call the methods of these objects, so each method needs an example. */
const CALLED_OBJECTS = new Set(['Keeper', 'Channel', 'Presence']);

type Node = { start: number; end: number };
type Parameter = {
  type: string;
  left?: Parameter;
  typeAnnotation?: Node | null;
  name?: string;
  optional?: boolean;
} & Node;
type Callable = { params: readonly unknown[]; typeParameters?: Node | null; returnType?: Node | null };

const textOf = (source: string, node: Node | null | undefined): string =>
  node ? source.slice(node.start, node.end) : '';

/** `{ a, b }: Options = {}` is `options?: Options` to a caller. */
const parameterOf = (source: string, parameter: Parameter): string => {
  const inner = parameter.left ?? parameter;
  if (inner.type === 'RestElement') return textOf(source, inner);
  const isOptional = parameter.type === 'AssignmentPattern' || inner.optional === true;
  return `${inner.name ?? 'options'}${isOptional ? '?' : ''}${textOf(source, inner.typeAnnotation)}`;
};

const signatureOf = (source: string, name: string, { params, typeParameters, returnType }: Callable): string => {
  const list = params.map((parameter) => parameterOf(source, parameter as Parameter)).join(', ');
  return `${name}${textOf(source, typeParameters)}(${list})${textOf(source, returnType)}`;
};

const withoutDocs = (code: string): string => code.replaceAll(/[ \t]*\/\*\*[\s\S]*?\*\/\n?/g, '');

/** `[Symbol.asyncIterator]` is written out: the parser gives the key without its brackets. */
const keyOf = (source: string, { key, computed }: { key: Node; computed: boolean }): string =>
  computed ? `[${textOf(source, key)}]` : textOf(source, key);

type Shape = Pick<ApiItem, 'kind' | 'code'> & { members?: readonly Member[] };

const valueShape = ({ name, source }: Declaration, node: Extract<Declared, { declarations: unknown }>): Shape => {
  const found = node.declarations.find(({ id }) => id.type === 'Identifier' && id.name === name);
  const init = found?.init;
  if (init?.type === 'ArrowFunctionExpression') return { kind: 'function', code: signatureOf(source, name, init) };
  if (found?.id.typeAnnotation)
    return { kind: 'value', code: `const ${name}${textOf(source, found.id.typeAnnotation)}` };
  // `class … as unknown as SocketClass`
  if (init?.type === 'TSAsExpression' && init.expression.type === 'TSAsExpression')
    return { kind: 'class', code: `const ${name}: ${textOf(source, init.typeAnnotation)}` };
  return { kind: 'value', code: textOf(source, node) };
};

const classShape = (
  sources: Sources,
  { name, path, source }: Declaration,
  node: Extract<Declared, { superClass: unknown }>,
): Shape => {
  const { parsed } = sources.file(path);
  const members = node.body.body.flatMap((member): Member[] => {
    if (member.type !== 'PropertyDefinition' && member.type !== 'MethodDefinition') return [];
    const { key, accessibility } = member;
    const isPublic = key.type === 'Identifier' && accessibility !== 'protected' && accessibility !== 'private';
    const doc = docBefore(parsed, source, member.start);
    if (!isPublic || member.static || member.override || doc.text === '') return [];
    return member.type === 'PropertyDefinition'
      ? [{ name: key.name, signature: `${key.name}${textOf(source, member.typeAnnotation)}`, doc, called: false }]
      : [{ name: key.name, signature: signatureOf(source, key.name, member.value as Callable), doc, called: true }];
  });
  const parent = node.superClass ? ` extends ${textOf(source, node.superClass)}` : '';
  return { kind: 'class', code: `class ${name}${parent}`, members };
};

const typeShape = (sources: Sources, { name, path, source, node }: Declaration): Shape => {
  const code = textOf(source, node);
  const literal = node.type === 'TSTypeAliasDeclaration' ? node.typeAnnotation : undefined;
  if (!CALLED_OBJECTS.has(name) || literal?.type !== 'TSTypeLiteral') return { kind: 'type', code };
  const members = literal.members.flatMap((member): Member[] => {
    if (member.type !== 'TSMethodSignature' && member.type !== 'TSPropertySignature') return [];
    const key = keyOf(source, member);
    const doc = docBefore(sources.file(path).parsed, source, member.start);
    return member.type === 'TSMethodSignature'
      ? [{ name: key, signature: signatureOf(source, key, member), doc, called: true }]
      : [{ name: key, signature: `${key}${textOf(source, member.typeAnnotation)}`, doc, called: false }];
  });
  return { kind: 'object', code: withoutDocs(code), members };
};

const shapeOf = (sources: Sources, declaration: Declaration): Shape => {
  const { name, source, node } = declaration;
  if (node.type === 'FunctionDeclaration') return { kind: 'function', code: signatureOf(source, name, node) };
  if (node.type === 'ClassDeclaration') return classShape(sources, declaration, node);
  if (node.type === 'VariableDeclaration') return valueShape(declaration, node);
  return typeShape(sources, declaration);
};

/** The schema of a type such as `type Member = Infer<typeof MEMBER>`. */
const schemaOf = (sources: Sources, { path, node }: Declaration): Declaration | undefined => {
  const name = schemaNameIn(node);
  return name === undefined ? undefined : sources.find(path, name);
};

export const itemOf = (sources: Sources, declaration: Declaration): ApiItem => {
  const { name, path, source, doc, node } = declaration;
  const schema = schemaOf(sources, declaration);
  if (schema) {
    // The schema says what is in the type, so both are one item.
    const code = `${textOf(source, node)}\n\n${textOf(schema.source, schema.node)}`;
    const uses = schemaPartsIn(sources.file(schema.path).parsed, schema.node);
    return { name, path, doc: doc.text === '' ? schema.doc : doc, uses, members: [], kind: 'type', code };
  }
  const { parsed } = sources.file(path);
  const uses = new Set([...typeNamesIn(parsed, node), ...(isSchemaName(name) ? schemaPartsIn(parsed, node) : [])]);
  return { name, path, doc, uses, members: [], ...shapeOf(sources, declaration) };
};
