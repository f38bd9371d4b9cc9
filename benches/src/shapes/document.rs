use fastrand::Rng;

use self::Kind::{Article, Counts, Decimal, Flag, Integer, Items, Party, Sentence, Token, Word};
use super::text::{Vocabulary, incompressible, quoted, shown};

/// The kind of a field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A word or two.
    Word,
    /// Text that does not compress.
    Token,
    Integer,
    Decimal,
    Flag,
    /// About 160 bytes with escapes.
    Sentence,
    /// 590 to 830 bytes with escapes.
    Article,
    /// An object of six fields.
    Party,
    /// Sixteen integers.
    Counts,
    /// Six objects of four fields.
    Items,
}

/// The fields of a document in their order, kinds mixed as they are in real ones.
const FIELDS: [(&str, Kind); 60] = [
    ("device_code", Flag),
    ("session_code", Word),
    ("order_code", Word),
    ("shipping_code", Decimal),
    ("billing_code", Sentence),
    ("campaign_code", Flag),
    ("product_code", Decimal),
    ("customer_code", Party),
    ("page_code", Party),
    ("request_code", Token),
    ("geo_code", Token),
    ("trace_code", Word),
    ("device_value", Word),
    ("session_value", Word),
    ("order_value", Sentence),
    ("shipping_value", Counts),
    ("billing_value", Sentence),
    ("campaign_value", Items),
    ("product_value", Word),
    ("customer_value", Article),
    ("page_value", Word),
    ("request_value", Word),
    ("geo_value", Article),
    ("trace_value", Decimal),
    ("device_status", Token),
    ("session_status", Integer),
    ("order_status", Party),
    ("shipping_status", Article),
    ("billing_status", Flag),
    ("campaign_status", Word),
    ("product_status", Integer),
    ("customer_status", Word),
    ("page_status", Sentence),
    ("request_status", Decimal),
    ("geo_status", Integer),
    ("trace_status", Party),
    ("device_detail", Decimal),
    ("session_detail", Article),
    ("order_detail", Sentence),
    ("shipping_detail", Word),
    ("billing_detail", Integer),
    ("campaign_detail", Article),
    ("product_detail", Integer),
    ("customer_detail", Flag),
    ("page_detail", Sentence),
    ("request_detail", Sentence),
    ("geo_detail", Integer),
    ("trace_detail", Sentence),
    ("device_label", Word),
    ("session_label", Article),
    ("order_label", Decimal),
    ("shipping_label", Integer),
    ("billing_label", Integer),
    ("campaign_label", Article),
    ("product_label", Integer),
    ("customer_label", Word),
    ("page_label", Word),
    ("request_label", Word),
    ("geo_label", Sentence),
    ("trace_label", Integer),
];

/// The large part of a document.
#[derive(Debug, Default)]
pub(super) struct Payload {
    vocabulary: Vocabulary,
}

impl Payload {
    /// Appends the payload as an object.
    pub(super) fn write(&self, random: &mut Rng, json: &mut String) {
        json.push('{');
        for (index, (name, kind)) in FIELDS.iter().enumerate() {
            if index > 0 {
                json.push(',');
            }
            quoted(json, |json| json.push_str(name));
            json.push(':');
            self.value(random, index, *kind, json);
        }
        json.push('}');
    }

    fn value(&self, random: &mut Rng, index: usize, kind: Kind, json: &mut String) {
        let words = &self.vocabulary;
        match kind {
            Word => quoted(json, |json| words.plain(random, 16, json)),
            Token => quoted(json, |json| incompressible(random, 44, json)),
            Integer => shown(json, random.u32(0..10_000_000)),
            Decimal => shown(json, format_args!("{:.4}", random.f64() * 1000.0)),
            Flag => shown(json, random.bool()),
            Sentence => quoted(json, |json| words.escaped(random, 160, json)),
            Article => {
                let length = 590 + index % 5 * 60;
                quoted(json, |json| words.escaped(random, length, json));
            }
            Party => self.party(random, json),
            Counts => list(json, 16, |json| shown(json, random.u32(0..100_000))),
            Items => list(json, 6, |json| self.item(random, json)),
        }
    }

    fn party(&self, random: &mut Rng, json: &mut String) {
        let words = &self.vocabulary;
        shown(json, format_args!("{{\"id\":{}", random.u32(0..1_000_000)));
        json.push_str(",\"name\":");
        quoted(json, |json| words.plain(random, 20, json));
        json.push_str(",\"note\":");
        if random.u8(0..4) == 0 {
            json.push_str("null");
        } else {
            quoted(json, |json| words.escaped(random, 80, json));
        }
        let (score, ok) = (random.f64(), random.bool());
        shown(
            json,
            format_args!(",\"score\":{score:.3},\"ok\":{ok},\"key\":"),
        );
        quoted(json, |json| incompressible(random, 24, json));
        json.push('}');
    }

    fn item(&self, random: &mut Rng, json: &mut String) {
        let (sku, quantity) = (random.u32(0..10_000_000), random.u8(0..9));
        let price = random.f64() * 100.0;
        shown(
            json,
            format_args!(
                "{{\"sku\":\"SKU-{sku:07}\",\"qty\":{quantity},\"price\":{price:.2},\"title\":"
            ),
        );
        quoted(json, |json| self.vocabulary.plain(random, 30, json));
        json.push('}');
    }
}

fn list(json: &mut String, count: usize, mut element: impl FnMut(&mut String)) {
    json.push('[');
    for index in 0..count {
        if index > 0 {
            json.push(',');
        }
        element(json);
    }
    json.push(']');
}
