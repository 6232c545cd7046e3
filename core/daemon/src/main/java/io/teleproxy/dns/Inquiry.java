package io.teleproxy.dns;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.teleproxy.spi.Resolver;
import io.teleproxy.tables.RecordText;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * A query that the tables alone do not answer: the resolvers of plugins are asked, then the
 * original nameservers. Confined to one event loop.
 */
final class Inquiry {
  private static final Logger log = LoggerFactory.getLogger(Inquiry.class);
  private static final int MAX_ALIASES = 8;
  private static final int PAYLOAD = 1232;

  private final Responder responder;
  private final EventLoop loop;
  private final ByteBufAllocator allocator;
  private final byte[] request;
  private final QueryReader query = new QueryReader();
  private final QueryReader.Verdict verdict;
  private final boolean tcp;
  private final Consumer<ByteBuf> reply;
  private final long started;

  /**
   * @param request the whole query; must not be changed afterwards
   * @param reply takes the answer over, on the event loop; called once, and several times for zone
   *     transfers
   */
  Inquiry(
      Responder responder,
      EventLoop loop,
      ByteBufAllocator allocator,
      byte[] request,
      boolean tcp,
      Consumer<ByteBuf> reply) {
    this.responder = responder;
    this.loop = loop;
    this.allocator = allocator;
    this.request = request;
    this.tcp = tcp;
    this.reply = reply;
    this.started = responder.log().watched() ? System.nanoTime() : 0;
    this.verdict = query.read(Unpooled.wrappedBuffer(request));
  }

  /**
   * Sees to it that there will be a reply.
   *
   * @param sender where the query comes from
   */
  void begin(InetSocketAddress sender) {
    if (responder.relay().isOwn(sender)) {
      // Our own query was redirected to us: the exemption of our group id does not work here.
      fail();
    } else if (verdict == QueryReader.Verdict.QUESTION) {
      look(askedName(), null, 0);
    } else {
      relay();
    }
  }

  /** Looks for a name: the one that was asked for, or one that aliases led to. */
  private void look(Name name, @Nullable LocalAnswer aliases, int depth) {
    LocalAnswer found = responder.find(name, query, aliases == null);
    if (found != null) {
      found(found, aliases, depth);
    } else if (responder.resolvers().isEmpty() || !responder.mayKnow(name)) {
      outside(name, aliases);
    } else {
      Resolver.Question question =
          new Resolver.Question(name.toString(true), query.type, query.dnsClass);
      boolean asking =
          responder
              .resolvers()
              .ask(
                  loop,
                  question,
                  answer -> {
                    if (answer.isPresent()) {
                      found(fromPlugin(answer.get()), aliases, depth);
                    } else {
                      outside(name, aliases);
                    }
                  });
      if (!asking) {
        fail();
      }
    }
  }

  private void found(LocalAnswer found, @Nullable LocalAnswer aliases, int depth) {
    LocalAnswer whole = aliases == null ? found : aliases.leadingTo(found);
    Name elsewhere = whole.elsewhere();
    if (elsewhere == null) {
      answer(whole);
    } else if (depth < MAX_ALIASES) {
      look(elsewhere, whole, depth + 1);
    } else {
      answer(LocalAnswer.failure(Rcode.SERVFAIL));
    }
  }

  private void outside(Name name, @Nullable LocalAnswer aliases) {
    if (aliases == null) {
      relay();
    } else {
      Message message = Message.newQuery(Record.newRecord(name, query.type, DClass.IN));
      message.addRecord(new OPTRecord(PAYLOAD, 0, 0), Section.ADDITIONAL);
      chase(message.toWire(), aliases, false);
    }
  }

  /**
   * Asks the nameservers where an alias of ours leads, and puts both together. What they do not
   * know or cannot tell leaves the alias alone, without error, as CoreDNS has it.
   */
  private void chase(byte[] message, LocalAnswer aliases, boolean overTcp) {
    responder
        .relay()
        .ask(
            loop,
            message,
            overTcp,
            new Relay.Waiting() {
              @Override
              public void answered(ByteBuf answer) {
                Message parsed;
                try {
                  byte[] bytes = new byte[answer.readableBytes()];
                  answer.readBytes(bytes);
                  parsed = parse(bytes);
                } catch (IOException e) {
                  log.debug("dns: a nameserver's answer is malformed", e);
                  failed();
                  return;
                } finally {
                  answer.release();
                }
                if (parsed.getHeader().getFlag(Flags.TC) && !overTcp) {
                  chase(message, aliases, true);
                } else {
                  Inquiry.this.answer(aliases.leadingTo(fromNameserver(parsed)));
                }
              }

              @Override
              public void failed() {
                Inquiry.this.answer(aliases);
              }
            });
  }

  private void relay() {
    responder
        .relay()
        .ask(
            loop,
            request,
            tcp,
            new Relay.Waiting() {
              @Override
              public void answered(ByteBuf answer) {
                responder.meters().count(DnsMeters.RELAYED);
                say("nameserver", answer);
              }

              @Override
              public void failed() {
                fail();
              }
            });
  }

  private void fail() {
    responder.meters().count(DnsMeters.FAILED);
    say(
        "nobody",
        AnswerTemplate.error(allocator, query, Unpooled.wrappedBuffer(request), Rcode.SERVFAIL));
  }

  /** Waits, where need be, until what the answer names is intercepted. */
  private void answer(LocalAnswer answer) {
    AddressAdmission admission = responder.admission();
    List<InetAddress> addresses =
        admission == AddressAdmission.ALWAYS ? List.of() : answer.addresses();
    if (addresses.isEmpty() || admission.admitted(addresses)) {
      reply(answer);
      return;
    }
    var unused =
        admission
            .admit(addresses)
            .whenComplete(
                (admitted, failure) ->
                    loop.execute(
                        () -> {
                          if (failure == null) {
                            reply(answer);
                          } else {
                            fail();
                          }
                        }));
  }

  private void reply(LocalAnswer answer) {
    responder.meters().count(DnsMeters.LOCAL);
    int limit = tcp ? 0xffff : query.datagramLimit();
    AnswerTemplate template = new AnswerTemplate(answer, query.name());
    template.noteIn(responder.asked());
    say("tables", template.reply(allocator, query, Unpooled.wrappedBuffer(request), limit));
  }

  private void say(String by, ByteBuf answer) {
    if (started != 0) {
      responder.log().add(query, by, answer, started);
    }
    reply.accept(answer);
  }

  /** The name in the case in which it was asked. */
  private Name askedName() {
    try {
      int from = QueryReader.HEADER;
      return new Name(Arrays.copyOfRange(request, from, from + query.questionLength - 4));
    } catch (IOException e) {
      throw new IllegalStateException("a question that was read is a name", e);
    }
  }

  /**
   * Reads a nameserver's answer, and makes sure that its records can be written again: the library
   * throws what it likes when it meets with nonsense.
   *
   * @throws IOException if it is malformed
   */
  static Message parse(byte[] message) throws IOException {
    try {
      Message parsed = new Message(message);
      for (Record record : parsed.getSection(Section.ANSWER)) {
        record.toWire(Section.ANSWER);
      }
      return parsed;
    } catch (RuntimeException e) {
      throw new IOException(e);
    }
  }

  static LocalAnswer fromNameserver(Message message) {
    List<Record> answers = message.getSection(Section.ANSWER);
    return new LocalAnswer(Rcode.NOERROR, answers, answers.size(), List.of(), List.of(), null);
  }

  private LocalAnswer fromPlugin(Resolver.Answer answer) {
    List<Record> records = new ArrayList<>(answer.records().size());
    Name alias = null;
    boolean wanted = false;
    try {
      for (String text : answer.records()) {
        Record record = RecordText.parse(text);
        records.add(record);
        wanted |= record.getType() == query.type;
        alias = record instanceof CNAMERecord cname ? cname.getTarget() : alias;
      }
    } catch (IllegalArgumentException e) {
      log.debug("dns: a resolver's answer is malformed", e);
      return LocalAnswer.failure(Rcode.SERVFAIL);
    }
    boolean leadsOn = !wanted && query.type != Type.ANY && answer.rcode() == Rcode.NOERROR;
    return new LocalAnswer(
        answer.rcode(),
        records,
        alias == null ? 0 : records.size(),
        List.of(),
        List.of(),
        leadsOn ? alias : null);
  }
}
