// Try it: a form made from the descriptors of the methods, which makes a real call and shows what came back.
import {find, make, milliseconds, request, setText, withCode} from './page.js';

const kLookAgain = 200;
const kPlaceholder = 'SECRET';

const quote = (text) => `'${text.replaceAll('\'', '\'\\\'\'')}'`;
const json = (value, indent) => JSON.stringify(value, null, indent);

// The call in the languages that callers use. Secrets are not copied: they stand as environment variables or words to
// replace.
const kLanguages = {
  grpcurl: (call) => `grpcurl ${call.tls ? '' : '-plaintext '}-d ${quote(json(call.fields, 2))} \\\n    ${call.address} ${call.service}/${call.method.name}`,
  interactionctl: (call) => {
    const flags = Object.entries(call.fields).map(([name, value]) => call.secrets.includes(name) ?
        `--${name.replaceAll('_', '-')}-file FILE` : `--${name.replaceAll('_', '-')} ${quote(value)}`);
    const command = call.method.name === 'CreateVspInteraction' ? 'create-vsp' : 'add-wolkvox';
    return [`interactionctl ${command}`, `--address ${call.address}${call.tls ? ' --tls' : ''}`, ...flags].join(' \\\n    ');
  },
  Go: (call) => [
    `conn, err := grpc.NewClient(${json(call.address)}, grpc.WithTransportCredentials(${call.tls ? 'credentials.NewTLS(nil)' : 'insecure.NewCredentials()'}))`,
    'if err != nil {', '\tlog.Fatal(err)', '}', 'defer conn.Close()',
    'ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)', 'defer cancel()',
    `reply, err := interactionv1.NewInteractionServiceClient(conn).${call.method.name}(ctx, &interactionv1.${call.method.name}Request{`,
    ...Object.entries(call.fields).map(([name, value]) => {
      const text = json(value);
      return `\t${goName(name)}: ${isOptional(call, name) ? `proto.String(${text})` : text},`;
    }),
    '})', 'if err != nil {', '\tlog.Fatal(status.Convert(err).Message(), status.Convert(err).Details())', '}', 'fmt.Println(reply)',
  ].join('\n'),
  Python: (call) => [
    'import grpc', 'from interaction.v1 import interaction_service_pb2 as pb', 'from interaction.v1 import interaction_service_pb2_grpc as rpc', '',
    `channel = grpc.${call.tls ? `secure_channel(${json(call.address)}, grpc.ssl_channel_credentials())` : `insecure_channel(${json(call.address)})`}`,
    `reply = rpc.InteractionServiceStub(channel).${call.method.name}(pb.${call.method.name}Request(`,
    ...Object.entries(call.fields).map(([name, value]) => `    ${name}=${json(value)},`),
    '), timeout=30)', 'print(reply)',
  ].join('\n'),
};

const goName = (name) => name.split('_').map((part) => part[0].toUpperCase() + part.slice(1)).join('');
const isOptional = (call, name) => call.method.fields.find((field) => field.name === name).optional;

export class TryIt {
  constructor(status) {
    this.address = status.address;
    this.tls = status.configuration['server.tls_cert_file'] !== '""';  // values are YAML
    this.language = Object.keys(kLanguages)[0];
  }

  async start() {
    const {service, methods} = await request('/try');
    this.service = service;
    this.methods = methods;
    find('try').hidden = false;
    find('try-method').replaceChildren(...methods.map((method) => make('option', {}, method.name)));
    find('try-method').addEventListener('change', () => this.showFields());
    find('try-form').addEventListener('submit', (event) => { event.preventDefault(); this.call(); });
    find('try-form').addEventListener('input', () => this.showCopy());
    find('try-form').addEventListener('reset', () => setTimeout(() => this.showFields()));
    find('try-copy-button').addEventListener('click', () => this.copy());
    find('try-languages').replaceChildren(...Object.keys(kLanguages).map((name) => make('button',
        {type: 'button', 'aria-pressed': String(name === this.language), onclick: (event) => this.chooseLanguage(name, event.target)}, name)));
    this.showFields();
  }

  method() {
    return this.methods.find((method) => method.name === find('try-method').value) ?? this.methods[0];
  }

  showFields() {
    const method = this.method();
    find('try-comment').replaceChildren(...withCode(method.comment));
    find('try-fields').replaceChildren(...method.fields.map((field) => {
      const id = `try-${field.name}`;
      const attributes = {id, name: field.name, 'aria-describedby': `${id}-rule`, autocomplete: 'off', spellcheck: 'false', 'aria-required': field.required && 'true'};
      const input = field.name === 'body' ? make('textarea', {...attributes, rows: '3'}) : make('input', {...attributes, type: field.secret ? 'password' : 'text'});
      const kind = [field.type, field.required ? 'required' : '', field.secret ? 'secret' : ''].filter(Boolean).join(', ');
      const made = field.name === 'request_id' ? make('button', {type: 'button', class: 'link', onclick: () => { input.value = newId(); this.showCopy(); }}, 'Make one') : null;
      return make('div', {class: 'field'}, make('label', {for: id}, field.name, ' ', make('small', {}, kind)), input, made,
                  make('p', {id: `${id}-rule`, class: 'comment'}, ...withCode(field.comment)));
    }));
    find('try-result').hidden = true;
    this.showCopy();
  }

  // What is filled in; a field that is left empty is left out. `secrets` as they are, or as a word in their place.
  fields(secrets) {
    const fields = {};
    for (const field of this.method().fields) {
      const value = find(`try-${field.name}`).value;
      if (value !== '') fields[field.name] = field.secret && !secrets ? kPlaceholder : value;
    }
    return fields;
  }

  async call() {
    const button = find('try-form').querySelector('[type=submit]');
    button.disabled = true;
    try {
      const {id} = await request(`/try?method=${this.method().name}`, {method: 'POST', body: json(this.fields(true))});
      this.showResult({state: 'running'});
      let result;
      do {
        await new Promise((resolve) => setTimeout(resolve, kLookAgain));
        result = await request(`/try?id=${id}`);
      } while (result.state === 'running');
      this.showResult(result);
    } catch (error) {
      this.showResult({state: 'done', code: 'not called', message: error.message});
    } finally {
      button.disabled = false;
    }
  }

  showResult(result) {
    const panel = find('try-result');
    panel.hidden = false;
    if (result.state === 'running') return panel.replaceChildren(make('p', {}, 'The call is under way.'));
    const good = result.code === 'OK';
    panel.className = `panel ${good ? 'good' : 'bad'}`;
    panel.replaceChildren(
        make('p', {}, make('strong', {}, result.code), result.durationMs === undefined ? '' : ` after ${milliseconds(result.durationMs)}`),
        result.message ? make('p', {}, result.message) : '', this.block('Reply', result.reply), this.block('Error details', result.details),
        this.block('Trailers', result.trailers && Object.keys(result.trailers).length ? result.trailers : undefined));
  }

  block(title, value) {
    if (value === undefined) return '';
    return make('div', {}, make('h3', {}, title), make('pre', {tabindex: '0', 'aria-label': title}, json(value, 2)));
  }

  chooseLanguage(name, button) {
    this.language = name;
    for (const other of find('try-languages').children) other.setAttribute('aria-pressed', String(other === button));
    this.showCopy();
  }

  showCopy() {
    const method = this.method();
    setText(find('try-copied'), '');
    setText(find('try-copy'), kLanguages[this.language]({
      address: this.address, tls: this.tls, service: this.service, method, fields: this.fields(false),
      secrets: method.fields.filter((field) => field.secret).map((field) => field.name),
    }));
  }

  async copy() {
    try {
      await navigator.clipboard.writeText(find('try-copy').textContent);
      setText(find('try-copied'), 'Copied');
    } catch {
      // Without HTTPS, browsers give pages of other machines no clipboard.
      getSelection().selectAllChildren(find('try-copy'));
      setText(find('try-copied'), 'Selected: press Ctrl+C');
    }
  }
}

// A random UUID; crypto.randomUUID() is there with HTTPS or on this machine only.
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
