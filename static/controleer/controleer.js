/* Check a draw yourself: OA-LOT/1 in one classic script, for the page /controleer/ and for controleer.html from disk.

   Written from the specification (verifiable-draw.md) alone: the third program beside the engine and controleer.py.
   No network, no library, no module, no build. Needs WebCrypto, which a page from https, localhost or disk has.

   window.OALot.check(filesByName, options) -> Promise<{ok, exitCode, verdict, steps, story, facts, skipped}>
     filesByName  {name: Uint8Array | ArrayBuffer | string}; dossiers.txt may be absent
     options      {commitment, child, slot, signature, outcome, lang}; child is a session number or a whole dossier line
     exitCode     0 correct, 1 difference, 2 invalid file, 3 file missing

   Order: 1 texts, 2 tools, 3 files, 4 lots and places, 5 the check, 6 one child's story, 7 the page. */
(function () {
  "use strict";

  /* ---- 1 texts ------------------------------------------------------------------------------------------------ */

  // A key that ends in _1 is the singular, chosen when n is 1.
  var TEXTS = {
    nl: {
      at: "{file}, regel {line}: {text}",
      more: "En nog {n} verschillen.", more_1: "En nog 1 verschil.",
      // steps
      s_files: "De bestanden zijn er",
      s_grammar: "De bestanden zijn geschreven volgens de regels",
      s_commitment: "Dit is de vastlegging die vooraf bekend was",
      s_hashes: "De bestanden horen bij elkaar en zijn niet veranderd",
      s_lists: "De lijsten kloppen",
      s_chance: "Niemand kende het toeval vooraf",
      s_lots: "Elk lot is nagerekend",
      s_schools: "De lotingen per school zijn nagerekend",
      s_central: "De centrale loting is nagerekend",
      s_limits: "De grens van elke school klopt",
      s_child: "Uw kind staat in deze loting",
      // the same steps when something is wrong
      n_files: "De bestanden zijn er niet allemaal, of dubbel",
      n_grammar: "Een bestand is niet volgens de regels geschreven",
      n_commitment: "Dit is niet de vastlegging die vooraf bekend was",
      n_hashes: "De bestanden horen niet bij elkaar, of zijn veranderd",
      n_lists: "De lijsten kloppen niet",
      n_chance: "Het toeval klopt niet",
      n_lots: "Een lot klopt niet",
      n_schools: "Een loting van een school klopt niet",
      n_central: "De centrale loting klopt niet",
      n_limits: "De grens van een school klopt niet",
      n_child: "Uw kind staat niet zo in deze loting",
      not_reached: "Niet nagekeken, want een bestand is ongeldig of mist.",
      // files
      f_have: "Aanwezig: {names}.",
      f_missing: "Er mist: {names}. Voeg dit bestand toe.",
      f_double: "Er zijn twee verschillende bestanden {kind}. Houd er één.",
      f_no_dossiers: "De keuzes en de voorrang van alle kinderen: dossiers.txt is niet openbaar en zit er niet bij.",
      f_limited: "De lijst met deelnemers, de loten van anderen en de hele uitslag: die zijn van deze loting niet openbaar. Van elke school is de grens wel openbaar.",
      f_verifier: "{name} is precies het controleprogramma dat de vastlegging noemt.",
      f_rules: "{name} is precies het reglement dat de vastlegging noemt.",
      f_ignored: "{name} hoort niet bij de controle en is niet gebruikt.",
      // grammar
      g_ok: "{name}: {lines} regels.", g_ok_1: "{name}: 1 regel.",
      g_empty: "het bestand is leeg.",
      g_bom: "het bestand begint met een onzichtbaar teken (BOM). Is het in een ander programma bewaard? Download het opnieuw.",
      g_cr: "de regel eindigt op de manier van Windows (CR). Is het bestand in Excel of Kladblok bewaard? Download het opnieuw.",
      g_tab: "er staat een tab. Is het bestand in een ander programma bewaard? Download het opnieuw.",
      g_byte: "er staat een teken dat niet mag (byte {byte}).",
      g_last: "de laatste regel heeft geen regeleinde. Het bestand is niet compleet of bewerkt.",
      g_blank: "de regel is leeg.",
      g_space: "er staat een spatie aan het begin of het eind.",
      g_empty_field: "er is een leeg veld.",
      g_short: "het bestand houdt te vroeg op. Hier hoort een regel „{kind}”.",
      g_kind: "hier hoort een regel „{kind}”, er staat „{found}”.",
      g_fields: "een regel „{kind}” heeft {n} velden, hier staan er {found}.",
      g_version: "dit is geen bestand van OA-LOT/1.",
      g_soort: "hier hoort „{kind}” te staan, er staat „{found}”.",
      g_field: "het veld {field} is „{found}”. Dat past daar niet.",
      g_after_end: "na de regel „eind” staat nog iets.",
      g_order: "{what} {found} staat niet op volgorde.",
      g_twice: "{what} {found} staat er twee keer.",
      g_unknown_school: "school {code} staat niet in de lijst.",
      g_school_twice: "school {code} staat twee keer in de keuzes.",
      g_class0: "klasse 0 mag alleen bij deelname C en alleen bij de laatste keuze.",
      g_class0_group: "klasse 0 komt voor, dus ieder kind heeft deelname C en loot alleen.",
      g_class0_draws: "klasse 0 komt voor, dus de enige loting is centraal.",
      g_class0_many: "aan school {code} houden {n} kinderen een plaats. Er zijn er {places}.",
      g_unit: "de eenheid {unit} is niet het kleinste nummer van de groep.",
      g_group: "kinderen van eenheid {unit} hebben niet dezelfde deelname en keuzes.",
      g_count: "er hoort {n} te staan bij {what}, er staat {found}.",
      g_attempt: "alleen bij poging 1 hoort als vorige vastlegging een streepje.",
      g_throws: "{n} worpen past niet bij {dice}.",
      g_rounds: "een baken heeft drie rondes, die oplopen.",
      g_profile: "notaris, baken of geheim past niet bij profiel {profile}.",
      g_moment: "dit tijdstip bestaat niet.",
      g_central_last: "de centrale loting hoort als laatste.",
      g_draw_missing: "de loting {draw} mist. Kind {regno} zou dan nergens loten.",
      g_digits: "er horen {n} worpen te staan met de ogen {faces}.",
      g_seed_profile: "deze regel past niet bij profiel {profile}.",
      g_orders: "de regels „volgorde” zijn niet precies de lotingen van de vastlegging.",
      g_order_units: "volgorde van {draw}: {text}",
      o_missing: "eenheid {unit} mist.",
      o_extra: "eenheid {unit} doet niet mee.",
      o_twice: "eenheid {unit} staat er twee keer.",
      w_school: "school", w_regno: "nummer", w_draw: "loting", w_schools: "scholen", w_children: "kinderen", w_lines: "regels",
      // commitment
      c_same: "De code is gelijk: {code}.",
      c_same_first: "De eerste {n} tekens zijn gelijk: {code}.",
      c_differs: "De code van deze vastlegging is {found}. U vulde in: {typed}. Dit zijn niet de lijsten die vooraf zijn vastgelegd, of er staat een typefout in uw code.",
      c_bad: "De code „{typed}” is niet goed. Een code heeft 8 tot 64 tekens: cijfers en de letters a tot en met f.",
      c_skip: "Of deze vastlegging vooraf bekend was. Vul de code uit uw brief in.",
      c_attempt: "Dit is poging {n}. Het proces-verbaal hoort te vertellen waarom er een nieuwe vastlegging kwam.",
      c_chain: "Poging {n}: {name} past in de keten.",
      c_chain_bad: "{name} past niet in de keten: poging {n} hoort te volgen op poging {expected}.",
      c_chain_skip: "De vastlegging van poging {n}. Voeg dat bestand toe als u de keten wilt nakijken.",
      // hashes
      h_ok: "De code van {name} staat in {where}.",
      h_bad: "hier hoort de code van {name}. Die is {found}, er staat {written}.",
      h_session: "dit bestand is van zitting {found}. De vastlegging is van {expected}.",
      h_outcome_ok: "De code van de uitslag is gelijk aan wat u invulde.",
      h_outcome_bad: "De code van {name} is {found}. U vulde in: {typed}.",
      // lists
      l_counts: "{children}, {schools}, {places}.",
      l_children: "{n} kinderen", l_children_1: "1 kind", l_schools: "{n} scholen", l_schools_1: "1 school",
      l_places: "{n} plaatsen", l_places_1: "1 plaats", l_open: "{n} scholen zonder plafond", l_open_1: "1 school zonder plafond",
      l_same: "deelnemers.txt volgt precies uit dossiers.txt: {n} zegels nagerekend.", l_same_1: "deelnemers.txt volgt precies uit dossiers.txt: 1 zegel nagerekend.",
      l_groups: "{n} kinderen loten samen met een ander kind.",
      l_held: "{n} kinderen houden een plaats tot er een betere is.", l_held_1: "1 kind houdt een plaats tot er een betere is.",
      l_line: "deze regel hoort volgens {other} te zijn: {expected}",
      l_seal: "het zegel van {regno} past niet bij de regel in {other}.",
      l_child_missing: "kind {regno} uit {other} staat hier niet.",
      l_child_extra: "kind {regno} staat niet in {other}.",
      // chance
      r_dice: "De notaris gooide {n} keer ({dice}).",
      r_hand: "De notaris trok elk nummer met de hand.",
      r_time: "De lijsten stonden vast op {moment}. Het baken kwam op {time}, ronde {round}.",
      r_24: "Tussen de vastlegging en de eerste ronde van het baken zit minder dan 24 uur: {hours} uur.",
      r_listed: "ronde {round} staat niet in de vastlegging. Daar staan: {rounds}.",
      r_reserve: "Een reserveronde is gebruikt. Het proces-verbaal hoort te vertellen waarom.",
      r_secret_ok: "Het geheim past bij de vastlegging.",
      r_secret_bad: "het geheim past niet bij de vastlegging.",
      r_stand_in: "Het baken is een oefenbaken, geen echt toeval.",
      r_stand_in_bad: "het baken is een oefenbaken. Dat mag niet in een echte loting.",
      r_rehearsal: "Dit is een oefening: de naam van de zitting begint met OEFEN.",
      r_slot_ok: "Het slot is gelijk aan wat u invulde: de worpen zijn niet veranderd.",
      r_slot_bad: "Het slot is {found}. U vulde in: {typed}.",
      r_no_slot: "Deze loting heeft geen slot: er zijn geen dobbelstenen.",
      r_sign_ok: "De handtekening van het baken hoort bij de waarde.",
      r_sign_bad: "De waarde van het baken hoort niet bij de handtekening die u invulde.",
      r_sign_form: "De handtekening is niet goed. Die heeft 96 tekens: cijfers en de letters a tot en met f.",
      r_sign_skip: "Of de waarde van het baken echt is. Vergelijk die met een andere bron, of vul de handtekening in.",
      r_sign_level: "Of het baken de handtekening zelf zette. Dat kijkt deze pagina niet na.",
      // lots, draws
      d_lots: "{n} loten nagerekend.", d_lots_1: "1 lot nagerekend.",
      d_lots_hand: "{n} loten volgen uit de volgorde van de notaris.", d_lots_hand_1: "1 lot volgt uit de volgorde van de notaris.",
      d_lot: "het lot van {regno} hoort {expected} te zijn.",
      d_draw: "hier hoort loting {expected}, er staat {found}.",
      d_draw_none: "loting {expected} mist.",
      d_draw_extra: "loting {found} staat niet in de vastlegging.",
      d_places: "het aantal plaatsen hoort {expected} te zijn, er staat {found}.",
      d_count: "er horen {expected} kinderen mee te doen, er staat {found}.",
      d_absent: "kind {regno} mist in loting {draw}.",
      d_stranger: "kind {regno} hoort niet in loting {draw}.",
      d_double: "kind {regno} staat er twee keer in.",
      d_rank: "hier hoort nummer {expected}, er staat {found}.",
      d_order: "op nummer {rank} hoort {expected}, er staat {found}.",
      d_unit: "de eenheid van {regno} hoort {expected} te zijn, er staat {found}.",
      d_class: "de klasse van {regno} hoort {expected} te zijn, er staat {found}.",
      d_code: "de uitkomst van {regno} hoort {expected} te zijn, er staat {found}.",
      d_none: "geen plaats",
      d_schools: "{n} lotingen. Kinderen: {children}, met een plaats: {admitted}.", d_schools_1: "1 loting. Kinderen: {children}, met een plaats: {admitted}.",
      d_no_schools: "Deze zitting heeft geen lotingen per school.",
      d_central: "Kinderen: {n}, met een plaats: {admitted}.",
      d_no_central: "Deze zitting heeft geen centrale loting.",
      d_held: "Niemand kwam lager uit dan de plaats die het kind al had. Niemand is overgeslagen.",
      d_floor: "kind {regno} hield een plaats en komt lager uit.",
      d_over: "school {code} krijgt {n} kinderen en heeft {places} plaatsen.",
      d_envy: "kind {regno} is overgeslagen bij school {code}.",
      d_public: "Wie in de centrale loting waar een plaats krijgt. Daarvoor zijn de keuzes nodig.",
      d_admitted_again: "kind {regno} had al een plaats via school {code} en hoort niet in de centrale loting.",
      d_two_schools: "kind {regno} loot bij twee scholen.",
      d_nowhere: "kind {regno} uit {other} loot nergens.",
      d_split: "de groep {unit} is gesplitst.",
      d_end: "er horen {expected} regels geteld te zijn, er staat {found}.",
      d_block: "deze regel hoort bij een andere loting.",
      // limits
      b_ok: "{n} grenzen nagerekend.", b_ok_1: "1 grens nagerekend.",
      b_bad: "de grens hoort te zijn: {expected}",
      b_none: "de grens van {code} in loting {draw} mist.",
      b_extra: "deze grens hoort hier niet.",
      b_rule: "Voor {n} kinderen is ook de regel voor ouders nagekeken: de eerste school op de lijst die vrij is, of waar de grens niet lager is dan het lot.", b_rule_1: "Voor 1 kind is ook de regel voor ouders nagekeken.",
      b_rule_bad: "kind {regno} hoort volgens de grenzen op {expected}, en staat op {found}.",
      b_public: "{n} grenzen gelezen. Ze horen bij de codes van de vastlegging.",
      // child
      k_bad: "„{typed}” is geen regel en geen nummer van een kind. Een regel begint met kind| en een nummer heeft hoofdletters en cijfers.",
      k_line_bad: "De regel van uw kind is niet compleet: {text}",
      k_absent: "Nummer {regno} staat niet in deze loting. Staat het goed? Hoort het bij zitting {session}?",
      k_seal_ok: "De regel past bij het zegel van nummer {regno}.",
      k_seal_bad: "De regel past niet bij het zegel van nummer {regno} in {file}. De regel is veranderd of niet goed gekopieerd.",
      k_unit: "De eenheid van nummer {regno} is {found}, in uw regel staat {typed}.",
      k_part: "Nummer {regno} hoort mee te doen aan loting {draw} en staat daar niet.",
      k_not: "Nummer {regno} staat in loting {draw} en hoort daar niet.",
      k_class: "In loting {draw} heeft nummer {regno} klasse {found}, in uw regel staat {typed}.",
      k_place: "Volgens de grenzen hoort nummer {regno} in de centrale loting op {expected}. Er staat {found}.",
      k_ok: "Nummer {regno} doet mee aan {draws}.",
      k_central_name: "de centrale loting", k_school_name: "de loting van school {code}", k_and: "{a} en {b}",
      k_limited: "Of nummer {regno} in de lijst staat. Die lijst is niet openbaar.",
      // story
      t_placed: "Nummer {regno} heeft een plaats op school {code}",
      t_unplaced: "Nummer {regno} heeft in deze loting geen plaats",
      t_placed_rule: "Nummer {regno} hoort een plaats te hebben op school {code}",
      t_unplaced_rule: "Nummer {regno} hoort in deze loting geen plaats te hebben",
      t_unknown: "Nummer {regno} staat niet in deze loting",
      t_nothing: "Nummer {regno} loot in deze zitting niet",
      t_compare: "Vergelijk dit met uw brief.",
      t_choices: "De keuzes van uw kind zijn niet veranderd",
      tn_choices: "De keuzes van uw kind zijn veranderd, of de regel is niet goed",
      t_choices_ok: "De regel van uw kind past bij het zegel dat vóór de loting openbaar werd.",
      t_choices_bad: "De regel van uw kind past niet bij het zegel.",
      t_choices_skip: "Plak de hele regel uit uw brief om dit na te kijken.",
      t_choices_limited: "De zegels zijn van deze loting niet openbaar. Vergelijk de regel met de brief die u vóór de loting kreeg.",
      t_chance: "Niemand kende het toeval vooraf",
      tn_chance: "Het toeval klopt niet",
      t_chance_beacon: "De dobbelstenen van de notaris en het baken van {time} bestonden nog niet toen de lijsten vaststonden.",
      t_chance_secret: "De dobbelstenen van de notaris bestonden nog niet toen de lijsten vaststonden. Het geheim lag toen al vast.",
      t_chance_hand: "De notaris trok de nummers met de hand, nadat de lijsten vaststonden.",
      t_chance_bad: "Dit klopt niet. Zie hieronder.",
      t_chance_warn: "Dit was een oefening. Zie hieronder.",
      t_lot: "Het lot van uw kind klopt",
      tn_lot: "Het lot of de volgorde klopt niet",
      t_lot_rule: "Het lot van uw kind is uitgerekend",
      t_lot_school: "Bij school {code}: nummer {rank} van {total}, in klasse {class} nummer {class_rank} van {class_total}.",
      t_lot_central: "In de centrale loting: nummer {rank} van {total}.",
      t_lot_only: "Het lot in {draw} begint met {lot}.",
      t_lot_bad: "Het lot of de volgorde klopt niet. Zie hieronder.",
      t_lot_skip: "Het hele rijtje is niet openbaar, dus het volgnummer ook niet.",
      t_place: "De plaats klopt",
      tn_place: "De plaats klopt niet",
      t_place_rule: "De plaats is uitgerekend",
      t_place_school: "School {code} loot bij uw kind het eerst. Uw kind was daar binnen de plaatsen aan de beurt.",
      t_place_central: "School {code} is de eerste school op uw lijst waar nog plaats was bij nummer {rank}.",
      t_place_central_rule: "School {code} is de eerste school op uw lijst waar het lot van uw kind binnen de grens valt.",
      t_place_held: "Uw kind houdt de plaats op school {code}. Op een school hoger op de lijst was geen plaats.",
      t_place_none: "Op geen school van uw lijst was nog plaats toen uw kind aan de beurt was.",
      t_place_none_school: "De plaatsen van school {code} waren vergeven toen uw kind aan de beurt was.",
      t_place_public: "De keuzes van uw kind zijn niet openbaar. Plak de hele regel uit uw brief om dit na te kijken.",
      t_place_group: "Uw kind loot samen met een ander kind. Met dossiers.txt is de plaats wel na te rekenen, met de grenzen alleen niet.",
      t_place_bad: "De plaats klopt niet met de grenzen. Zie hieronder.",
      t_per_school: "School voor school",
      t_group: "Uw kind loot samen met {others}. Zij hebben samen één lot.",
      t_care: "Uw kind doet alleen mee aan de loting van de eerste school, niet aan de centrale loting.",
      t_central_only: "Uw kind doet alleen mee aan de centrale loting.",
      b_here: "Hier heeft uw kind een plaats", b_here_rule: "Hier hoort uw kind een plaats te hebben", b_full: "Geen plaats", b_not_needed: "Niet meer nodig",
      x_school: "School {code}",
      x_drawn: "Bij de loting van deze school had uw kind nummer {rank} van {total}. Er waren {places}.",
      x_class: "Uw kind zat in klasse {class}, met nummer {rank} van {total}. Klasse 1 gaat het eerst.",
      x_places: "{n} plaatsen", x_places_1: "1 plaats", x_places_open: "plaatsen voor iedereen",
      x_free: "Er was plaats voor iedereen.",
      x_in: "Nummer {last} was het laatste kind met een plaats.",
      x_out_class: "Nummer {last} was het laatste kind met een plaats. Dat was een kind in klasse {class}, en die klasse gaat vóór klasse {own}.",
      x_out_lot: "Nummer {last} was het laatste kind met een plaats.",
      x_out_group: "Er waren te weinig plaatsen over voor uw hele groep van {n} kinderen.",
      x_out_closed: "Er was in de loting van deze school geen plaats te krijgen.",
      x_class_rule: "Uw kind zat in klasse {class}. De grens is klasse {limit}, lot {lot}.",
      x_c_closed: "In de centrale loting was hier geen plaats te krijgen.",
      x_c_free: "Hier was in de centrale loting aan het eind nog plaats.",
      x_c_in: "In de centrale loting ging de laatste plaats hier naar nummer {last}. Uw kind had nummer {rank}.",
      x_c_last: "In de centrale loting ging de laatste plaats hier naar uw kind, nummer {rank}.",
      x_c_in_rule: "De grens is hier lot {limit}. Het lot van uw kind, {lot}, is niet hoger.",
      x_c_out: "In de centrale loting ging de laatste plaats hier naar nummer {last}. Uw kind had nummer {rank}.",
      x_c_out_rule: "De grens is hier lot {limit}. Het lot van uw kind, {lot}, is hoger.",
      x_c_group: "Toen uw groep aan de beurt was, waren hier te weinig plaatsen voor {n} kinderen.",
      x_not_central: "Uw kind deed niet mee aan de centrale loting.",
      x_held: "Hier had uw kind al een plaats. Die kon het niet kwijtraken aan een ander.",
      x_above: "Uw kind heeft een plaats op een school die hoger op de lijst staat.",
      order_title: "Maakt de volgorde op mijn lijst uit?",
      order: "In de centrale loting kunt u nooit iets winnen door scholen in een andere volgorde te zetten. Voor de hele procedure geldt dat niet: de school van uw eerste keus loot eerst, en voorrang telt alleen daar.",
      // verdict
      v_ok: "Alles klopt",
      v_part: "Wat is nagekeken, klopt",
      v_rehearsal: "Oefening. {text}",
      v_child: "De bestanden kloppen, maar uw kind staat er niet in",
      v_1: "Er klopt iets niet",
      v_2: "Een bestand is ongeldig",
      v_3: "Er mist een bestand",
      v_ok_text: "Zitting {session}. Deze pagina heeft de loting zelf nagerekend, op uw toestel, en komt op dezelfde uitslag.",
      v_part_text: "Zitting {session}. Deze pagina heeft op uw toestel nagerekend wat met deze bestanden kan.",
      v_1_text: "Zitting {session}. Download de bestanden opnieuw en probeer het nog eens. Blijft dit zo? Meld het bij de notaris of bij het programmabureau, met deze bestanden erbij.",
      v_2_text: "Verander niets aan de bestanden. Download ze opnieuw en probeer het nog eens. Blijft dit zo? Meld het bij de notaris of bij het programmabureau.",
      v_3_text: "Voeg het bestand toe en kies opnieuw Controleer.",
      v_badge: "{n} van {total} controles goed",
      v_badge_wrong: "{n} controles niet goed", v_badge_wrong_1: "1 controle niet goed",
      v_badge_rehearsal: "Oefening",
      v_not_checked: "Niet nagekeken",
      v_all: "Wat is nagekeken",
      st_ok: "Goed", st_fail: "Fout", st_warn: "Let op", st_skip: "Niet nagekeken",
      v_codes: "De codes", code_hc: "Vastlegging (H_C), {moment}", code_slot: "Slot van de dobbelstenen", code_beacon: "Baken, ronde {round}, {time}", code_k: "Zaad (K)", code_lot: "Het lot in {draw}", code_outcome: "Uitslag",
      // page
      p_busy: "Bezig met narekenen…",
      p_done: "Klaar. {text}.",
      p_none: "Kies eerst de bestanden van de loting.",
      p_input: "Verbeter dit en kies opnieuw Controleer",
      p_crypto: "Deze browser kan hier niet rekenen. Open de pagina via https, of sla haar op en open haar vanaf uw toestel.",
      p_large: "{name} is te groot ({size} MB). Dit is geen bestand van een loting.",
      p_unreadable: "{name} kan niet worden gelezen. Kies het opnieuw.",
      p_added: "{n} bestanden toegevoegd.", p_added_1: "1 bestand toegevoegd.",
      p_remove: "Verwijder", p_optional: "mag ontbreken", p_missing: "nog niet gekozen", p_bytes: "{n} bytes", p_kb: "{n} kB",
      p_extra: "ander bestand",
      p_loading: "Bezig met ophalen…",
      p_loaded: "De bestanden van {name} zijn opgehaald.",
      p_load_failed: "{file} kon niet worden opgehaald. Probeer het later opnieuw, of kies de bestanden zelf.",
      p_crash: "De pagina kon deze bestanden niet nakijken ({text}). Meld dit bij het programmabureau."
    },
    en: {
      at: "{file}, line {line}: {text}",
      more: "And {n} more differences.", more_1: "And 1 more difference.",
      s_files: "The files are here",
      s_grammar: "The files are written by the rules",
      s_commitment: "This is the commitment that was known beforehand",
      s_hashes: "The files belong together and have not been changed",
      s_lists: "The lists are right",
      s_chance: "Nobody knew the chance beforehand",
      s_lots: "Every lot has been computed again",
      s_schools: "The draws of the schools have been computed again",
      s_central: "The central draw has been computed again",
      s_limits: "The limit of every school is right",
      s_child: "Your child is in this draw",
      n_files: "Not all files are here, or one is double",
      n_grammar: "A file is not written by the rules",
      n_commitment: "This is not the commitment that was known beforehand",
      n_hashes: "The files do not belong together, or have been changed",
      n_lists: "The lists are not right",
      n_chance: "The chance is not right",
      n_lots: "A lot is not right",
      n_schools: "A draw of a school is not right",
      n_central: "The central draw is not right",
      n_limits: "The limit of a school is not right",
      n_child: "Your child is not in this draw like this",
      not_reached: "Not checked, because a file is invalid or missing.",
      f_have: "Present: {names}.",
      f_missing: "Missing: {names}. Add this file.",
      f_double: "There are two different files {kind}. Keep one.",
      f_no_dossiers: "The choices and the priority of all children: dossiers.txt is not public and not among the files.",
      f_limited: "The list of participants, the lots of others and the whole outcome: for this draw they are not public. The limit of every school is.",
      f_verifier: "{name} is exactly the checking program that the commitment names.",
      f_rules: "{name} are exactly the rules that the commitment names.",
      f_ignored: "{name} is no part of the check and was not used.",
      g_ok: "{name}: {lines} lines.", g_ok_1: "{name}: 1 line.",
      g_empty: "the file is empty.",
      g_bom: "the file begins with an invisible mark (BOM). Was it saved by another program? Download it again.",
      g_cr: "the line ends in the way of Windows (CR). Was the file saved in Excel or Notepad? Download it again.",
      g_tab: "there is a tab. Was the file saved by another program? Download it again.",
      g_byte: "there is a character that is not allowed (byte {byte}).",
      g_last: "the last line has no line ending. The file is not complete or was edited.",
      g_blank: "the line is empty.",
      g_space: "there is a space at the beginning or the end.",
      g_empty_field: "there is an empty field.",
      g_short: "the file ends too early. A line “{kind}” belongs here.",
      g_kind: "a line “{kind}” belongs here, it says “{found}”.",
      g_fields: "a line “{kind}” has {n} fields, here are {found}.",
      g_version: "this is not a file of OA-LOT/1.",
      g_soort: "it should say “{kind}” here, it says “{found}”.",
      g_field: "the field {field} is “{found}”. That does not fit there.",
      g_after_end: "there is something after the line “eind”.",
      g_order: "{what} {found} is out of order.",
      g_twice: "{what} {found} is there twice.",
      g_unknown_school: "school {code} is not in the list.",
      g_school_twice: "school {code} is in the choices twice.",
      g_class0: "class 0 is only allowed with deelname C and only at the last choice.",
      g_class0_group: "class 0 occurs, so every child has deelname C and draws alone.",
      g_class0_draws: "class 0 occurs, so the only draw is centraal.",
      g_class0_many: "{n} children hold a place at school {code}. There are {places}.",
      g_unit: "the unit {unit} is not the smallest number of the group.",
      g_group: "children of unit {unit} do not have the same deelname and choices.",
      g_count: "it should say {n} for {what}, it says {found}.",
      g_attempt: "only attempt 1 has a dash for the previous commitment.",
      g_throws: "{n} throws do not fit {dice}.",
      g_rounds: "a beacon has three rounds, in ascending order.",
      g_profile: "notary, beacon or secret does not fit profile {profile}.",
      g_moment: "this moment does not exist.",
      g_central_last: "the central draw must be the last.",
      g_draw_missing: "the draw {draw} is missing. Child {regno} would be drawn nowhere.",
      g_digits: "there should be {n} throws with the faces {faces}.",
      g_seed_profile: "this line does not fit profile {profile}.",
      g_orders: "the lines “volgorde” are not exactly the draws of the commitment.",
      g_order_units: "order of {draw}: {text}",
      o_missing: "unit {unit} is missing.",
      o_extra: "unit {unit} does not take part.",
      o_twice: "unit {unit} is there twice.",
      w_school: "school", w_regno: "number", w_draw: "draw", w_schools: "schools", w_children: "children", w_lines: "lines",
      c_same: "The code is the same: {code}.",
      c_same_first: "The first {n} characters are the same: {code}.",
      c_differs: "The code of this commitment is {found}. You typed: {typed}. These are not the lists that were committed beforehand, or your code has a typing error.",
      c_bad: "The code “{typed}” is not right. A code has 8 to 64 characters: digits and the letters a to f.",
      c_skip: "Whether this commitment was known beforehand. Fill in the code from your letter.",
      c_attempt: "This is attempt {n}. The record of the draw should say why there was a new commitment.",
      c_chain: "Attempt {n}: {name} fits in the chain.",
      c_chain_bad: "{name} does not fit in the chain: attempt {n} should follow attempt {expected}.",
      c_chain_skip: "The commitment of attempt {n}. Add that file if you want to check the chain.",
      h_ok: "The code of {name} is in {where}.",
      h_bad: "the code of {name} belongs here. That is {found}, it says {written}.",
      h_session: "this file is of session {found}. The commitment is of {expected}.",
      h_outcome_ok: "The code of the outcome is the same as you typed.",
      h_outcome_bad: "The code of {name} is {found}. You typed: {typed}.",
      l_counts: "{children}, {schools}, {places}.",
      l_children: "{n} children", l_children_1: "1 child", l_schools: "{n} schools", l_schools_1: "1 school",
      l_places: "{n} places", l_places_1: "1 place", l_open: "{n} schools without a ceiling", l_open_1: "1 school without a ceiling",
      l_same: "deelnemers.txt follows exactly from dossiers.txt: {n} seals computed again.", l_same_1: "deelnemers.txt follows exactly from dossiers.txt: 1 seal computed again.",
      l_groups: "{n} children are drawn together with another child.",
      l_held: "{n} children hold a place until there is a better one.", l_held_1: "1 child holds a place until there is a better one.",
      l_line: "by {other} this line should be: {expected}",
      l_seal: "the seal of {regno} does not fit the line in {other}.",
      l_child_missing: "child {regno} of {other} is not here.",
      l_child_extra: "child {regno} is not in {other}.",
      r_dice: "The notary threw {n} times ({dice}).",
      r_hand: "The notary drew every number by hand.",
      r_time: "The lists were fixed on {moment}. The beacon came on {time}, round {round}.",
      r_24: "Between the commitment and the first round of the beacon are less than 24 hours: {hours} hours.",
      r_listed: "round {round} is not in the commitment. It says: {rounds}.",
      r_reserve: "A reserve round was used. The record of the draw should say why.",
      r_secret_ok: "The secret fits the commitment.",
      r_secret_bad: "the secret does not fit the commitment.",
      r_stand_in: "The beacon is a rehearsal beacon, no real chance.",
      r_stand_in_bad: "the beacon is a rehearsal beacon. That is not allowed in a real draw.",
      r_rehearsal: "This is a rehearsal: the name of the session begins with OEFEN.",
      r_slot_ok: "The lock is the same as you typed: the throws have not been changed.",
      r_slot_bad: "The lock is {found}. You typed: {typed}.",
      r_no_slot: "This draw has no lock: there are no dice.",
      r_sign_ok: "The signature of the beacon belongs to its value.",
      r_sign_bad: "The value of the beacon does not belong to the signature that you typed.",
      r_sign_form: "The signature is not right. It has 96 characters: digits and the letters a to f.",
      r_sign_skip: "Whether the value of the beacon is real. Compare it with another source, or fill in the signature.",
      r_sign_level: "Whether the beacon itself made the signature. This page does not check that.",
      d_lots: "{n} lots computed again.", d_lots_1: "1 lot computed again.",
      d_lots_hand: "{n} lots follow from the notary's order.", d_lots_hand_1: "1 lot follows from the notary's order.",
      d_lot: "the lot of {regno} should be {expected}.",
      d_draw: "draw {expected} belongs here, it says {found}.",
      d_draw_none: "draw {expected} is missing.",
      d_draw_extra: "draw {found} is not in the commitment.",
      d_places: "the number of places should be {expected}, it says {found}.",
      d_count: "{expected} children should take part, it says {found}.",
      d_absent: "child {regno} is missing in draw {draw}.",
      d_stranger: "child {regno} does not belong in draw {draw}.",
      d_double: "child {regno} is in it twice.",
      d_rank: "number {expected} belongs here, it says {found}.",
      d_order: "{expected} belongs at number {rank}, it says {found}.",
      d_unit: "the unit of {regno} should be {expected}, it says {found}.",
      d_class: "the class of {regno} should be {expected}, it says {found}.",
      d_code: "the outcome of {regno} should be {expected}, it says {found}.",
      d_none: "no place",
      d_schools: "{n} draws. Children: {children}, with a place: {admitted}.", d_schools_1: "1 draw. Children: {children}, with a place: {admitted}.",
      d_no_schools: "This session has no draws of schools.",
      d_central: "Children: {n}, with a place: {admitted}.",
      d_no_central: "This session has no central draw.",
      d_held: "Nobody ended below the place the child already had. Nobody was passed over.",
      d_floor: "child {regno} held a place and ends below it.",
      d_over: "school {code} gets {n} children and has {places} places.",
      d_envy: "child {regno} was passed over at school {code}.",
      d_public: "Who gets a place where in the central draw. That takes the choices.",
      d_admitted_again: "child {regno} already had a place through school {code} and does not belong in the central draw.",
      d_two_schools: "child {regno} is drawn at two schools.",
      d_nowhere: "child {regno} of {other} is drawn nowhere.",
      d_split: "the group {unit} has been split.",
      d_end: "{expected} lines should have been counted, it says {found}.",
      d_block: "this line belongs to another draw.",
      b_ok: "{n} limits computed again.", b_ok_1: "1 limit computed again.",
      b_bad: "the limit should be: {expected}",
      b_none: "the limit of {code} in draw {draw} is missing.",
      b_extra: "this limit does not belong here.",
      b_rule: "For {n} children the parents' rule was checked too: the first school on the list that is free, or whose limit is not lower than the lot.", b_rule_1: "For 1 child the parents' rule was checked too.",
      b_rule_bad: "by the limits child {regno} should be at {expected}, and is at {found}.",
      b_public: "{n} limits read. They belong to the codes of the commitment.",
      k_bad: "“{typed}” is neither the line nor the number of a child. A line begins with kind| and a number has capitals and digits.",
      k_line_bad: "The line of your child is not complete: {text}",
      k_absent: "Number {regno} is not in this draw. Is it right? Does it belong to session {session}?",
      k_seal_ok: "The line fits the seal of number {regno}.",
      k_seal_bad: "The line does not fit the seal of number {regno} in {file}. The line was changed or not copied well.",
      k_unit: "The unit of number {regno} is {found}, your line says {typed}.",
      k_part: "Number {regno} should take part in draw {draw} and is not there.",
      k_not: "Number {regno} is in draw {draw} and does not belong there.",
      k_class: "In draw {draw} number {regno} has class {found}, your line says {typed}.",
      k_place: "By the limits number {regno} should be at {expected} in the central draw. It says {found}.",
      k_ok: "Number {regno} takes part in {draws}.",
      k_central_name: "the central draw", k_school_name: "the draw of school {code}", k_and: "{a} and {b}",
      k_limited: "Whether number {regno} is in the list. That list is not public.",
      t_placed: "Number {regno} has a place at school {code}",
      t_unplaced: "Number {regno} has no place in this draw",
      t_placed_rule: "Number {regno} should have a place at school {code}",
      t_unplaced_rule: "Number {regno} should have no place in this draw",
      t_unknown: "Number {regno} is not in this draw",
      t_nothing: "Number {regno} is not drawn in this session",
      t_compare: "Compare this with your letter.",
      t_choices: "The choices of your child have not been changed",
      tn_choices: "The choices of your child have been changed, or the line is not right",
      t_choices_ok: "Your child's line fits the seal that became public before the draw.",
      t_choices_bad: "Your child's line does not fit the seal.",
      t_choices_skip: "Paste the whole line from your letter to check this.",
      t_choices_limited: "The seals of this draw are not public. Compare the line with the letter you received before the draw.",
      t_chance: "Nobody knew the chance beforehand",
      tn_chance: "The chance is not right",
      t_chance_beacon: "The notary's dice and the beacon of {time} did not exist yet when the lists were fixed.",
      t_chance_secret: "The notary's dice did not exist yet when the lists were fixed. The secret was fixed by then.",
      t_chance_hand: "The notary drew the numbers by hand, after the lists were fixed.",
      t_chance_bad: "This is not right. See below.",
      t_chance_warn: "This was a rehearsal. See below.",
      t_lot: "Your child's lot is right",
      tn_lot: "The lot or the order is not right",
      t_lot_rule: "Your child's lot has been computed",
      t_lot_school: "At school {code}: number {rank} of {total}, in class {class} number {class_rank} of {class_total}.",
      t_lot_central: "In the central draw: number {rank} of {total}.",
      t_lot_only: "The lot in {draw} begins with {lot}.",
      t_lot_bad: "The lot or the order is not right. See below.",
      t_lot_skip: "The whole row is not public, so its numbers are not either.",
      t_place: "The place is right",
      tn_place: "The place is not right",
      t_place_rule: "The place has been computed",
      t_place_school: "School {code} draws first for your child. Your child's turn came while there were places.",
      t_place_central: "School {code} is the first school on your list that still had a place at number {rank}.",
      t_place_central_rule: "School {code} is the first school on your list where your child's lot is within the limit.",
      t_place_held: "Your child keeps the place at school {code}. No school higher on the list had a place.",
      t_place_none: "No school on your list had a place left when your child's turn came.",
      t_place_none_school: "The places of school {code} were gone when your child's turn came.",
      t_place_public: "Your child's choices are not public. Paste the whole line from your letter to check this.",
      t_place_group: "Your child is drawn together with another child. With dossiers.txt the place can be computed, with the limits alone it cannot.",
      t_place_bad: "The place does not fit the limits. See below.",
      t_per_school: "School by school",
      t_group: "Your child is drawn together with {others}. Together they have one lot.",
      t_care: "Your child takes part in the draw of the first school only, not in the central draw.",
      t_central_only: "Your child takes part in the central draw only.",
      b_here: "Your child has a place here", b_here_rule: "Your child should have a place here", b_full: "No place", b_not_needed: "No longer needed",
      x_school: "School {code}",
      x_drawn: "In the draw of this school your child had number {rank} of {total}. There were {places}.",
      x_class: "Your child was in class {class}, with number {rank} of {total}. Class 1 goes first.",
      x_places: "{n} places", x_places_1: "1 place", x_places_open: "places for everybody",
      x_free: "There was a place for everybody.",
      x_in: "Number {last} was the last child with a place.",
      x_out_class: "Number {last} was the last child with a place. That was a child in class {class}, and that class goes before class {own}.",
      x_out_lot: "Number {last} was the last child with a place.",
      x_out_group: "Too few places were left for your whole group of {n} children.",
      x_out_closed: "There was no place to be had in the draw of this school.",
      x_class_rule: "Your child was in class {class}. The limit is class {limit}, lot {lot}.",
      x_c_closed: "In the central draw there was no place to be had here.",
      x_c_free: "In the central draw there was still a place here at the end.",
      x_c_in: "In the central draw the last place here went to number {last}. Your child had number {rank}.",
      x_c_last: "In the central draw the last place here went to your child, number {rank}.",
      x_c_in_rule: "The limit here is lot {limit}. Your child's lot, {lot}, is not higher.",
      x_c_out: "In the central draw the last place here went to number {last}. Your child had number {rank}.",
      x_c_out_rule: "The limit here is lot {limit}. Your child's lot, {lot}, is higher.",
      x_c_group: "When your group's turn came, too few places were left here for {n} children.",
      x_not_central: "Your child did not take part in the central draw.",
      x_held: "Your child already had a place here. Nobody else could take it.",
      x_above: "Your child has a place at a school higher on the list.",
      order_title: "Does the order of my list matter?",
      order: "In the central draw you can never gain anything by putting schools in another order. For the whole procedure that is not so: the school of your first choice draws first, and priority counts only there.",
      v_ok: "Everything is right",
      v_part: "What was checked is right",
      v_rehearsal: "Rehearsal. {text}",
      v_child: "The files are right, but your child is not in them",
      v_1: "Something is not right",
      v_2: "A file is invalid",
      v_3: "A file is missing",
      v_ok_text: "Session {session}. This page computed the draw itself, on your device, and comes to the same outcome.",
      v_part_text: "Session {session}. This page computed on your device what can be computed with these files.",
      v_1_text: "Session {session}. Download the files again and try once more. Does it stay like this? Tell the notary or the programme office, and add these files.",
      v_2_text: "Change nothing in the files. Download them again and try once more. Does it stay like this? Tell the notary or the programme office.",
      v_3_text: "Add the file and choose Check again.",
      v_badge: "{n} of {total} checks right",
      v_badge_wrong: "{n} checks not right", v_badge_wrong_1: "1 check not right",
      v_badge_rehearsal: "Rehearsal",
      v_not_checked: "Not checked",
      v_all: "What was checked",
      st_ok: "Right", st_fail: "Wrong", st_warn: "Note", st_skip: "Not checked",
      v_codes: "The codes", code_hc: "Commitment (H_C), {moment}", code_slot: "Lock of the dice", code_beacon: "Beacon, round {round}, {time}", code_k: "Seed (K)", code_lot: "The lot in {draw}", code_outcome: "Outcome",
      p_busy: "Computing…",
      p_done: "Ready. {text}.",
      p_none: "First choose the files of the draw.",
      p_input: "Mend this and choose Check again",
      p_crypto: "This browser cannot compute here. Open the page through https, or save it and open it from your device.",
      p_large: "{name} is too large ({size} MB). This is not a file of a draw.",
      p_unreadable: "{name} cannot be read. Choose it again.",
      p_added: "{n} files added.", p_added_1: "1 file added.",
      p_remove: "Remove", p_optional: "may be absent", p_missing: "not chosen yet", p_bytes: "{n} bytes", p_kb: "{n} kB",
      p_extra: "other file",
      p_loading: "Fetching…",
      p_loaded: "The files of {name} have been fetched.",
      p_load_failed: "{file} could not be fetched. Try again later, or choose the files yourself.",
      p_crash: "The page could not check these files ({text}). Tell the programme office."
    }
  };

  function speaker(lang) {
    var table = /^nl/i.test(lang || "nl") ? TEXTS.nl : TEXTS.en;
    return function say(key, values) {
      values = values || {};
      var text = values.n === 1 && table[key + "_1"] ? table[key + "_1"] : table[key];
      if (text === undefined) { throw new Error("no text " + key); }
      return text.replace(/\{(\w+)\}/g, function (field, name) {
        var value = values[name];
        if (value === undefined) { throw new Error("no value " + name + " for " + key); }
        return typeof value === "number" ? thousands(value, table) : String(value);
      });
    };
  }

  function thousands(number, table) {
    return String(number).replace(/\B(?=(\d{3})+$)/g, table === TEXTS.nl ? "." : ",");
  }

  /** A moment in Dutch time, as people write it: woensdag 13 september 2023 om 10.00 uur. */
  function moment(seconds, lang) {
    var dutch = /^nl/i.test(lang || "nl");
    var options = { timeZone: "Europe/Amsterdam", weekday: "long", day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    var parts = {};
    new Intl.DateTimeFormat(dutch ? "nl-NL" : "en-GB", options).formatToParts(new Date(seconds * 1000)).forEach(function (part) { parts[part.type] = part.value; });
    var day = parts.weekday + " " + parts.day + " " + parts.month + " " + parts.year;
    var hour = String(Number(parts.hour));
    return dutch ? day + " om " + hour + "." + parts.minute + " uur" : day + " at " + hour + ":" + parts.minute;
  }

  /* ---- 2 tools ------------------------------------------------------------------------------------------------ */

  var PROTOCOL = "OA-LOT/1";
  var HEX64 = /^[0-9a-f]{64}$/;
  var SESSION = /^[0-9A-Z][0-9A-Z-]{0,31}$/;
  var CODE = /^[0-9A-Z][0-9A-Z-]{0,15}$/;
  var REGNO = /^[0-9A-Z](?:[0-9A-Z-]{0,30}[0-9A-Z])?$/;
  var SALT = /^[0-9a-f]{32}$/;
  var PLACES = /^(?:0|[1-9][0-9]{0,3}|onbeperkt)$/;
  var COUNT = /^(?:0|[1-9][0-9]{0,8})$/;
  var POSITIVE = /^[1-9][0-9]{0,8}$/;
  var ROUND = /^[1-9][0-9]{0,11}$/;
  var CHOICE = /^([0-9A-Z][0-9A-Z-]{0,15}):([0-9])$/;
  var MOMENT = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})Z$/;
  var NAMED = /^.*(vastlegging|deelnemers|dossiers|zaad|uitslag|grenzen)/i;
  var KINDS = ["vastlegging", "deelnemers", "dossiers", "zaad", "uitslag", "grenzen"];
  var GENESIS = 1692803367, PERIOD = 3, DAY = 24 * 60 * 60;
  var CENTRAL = "centraal";

  var BYTE = [];
  for (var b = 0; b < 256; b++) { BYTE.push((b < 16 ? "0" : "") + b.toString(16)); }

  function hex(buffer) {
    var bytes = new Uint8Array(buffer), text = "";
    for (var i = 0; i < bytes.length; i++) { text += BYTE[bytes[i]]; }
    return text;
  }

  function unhex(text) {
    var bytes = new Uint8Array(text.length / 2);
    for (var i = 0; i < bytes.length; i++) { bytes[i] = parseInt(text.substr(2 * i, 2), 16); }
    return bytes;
  }

  function bytesOf(content) {
    if (typeof content === "string") { return new TextEncoder().encode(content); }
    return content instanceof Uint8Array ? content : new Uint8Array(content);
  }

  async function sha256(content) { return hex(await crypto.subtle.digest("SHA-256", bytesOf(content))); }

  /** All of them at once, but not so many that the browser runs out of breath. */
  async function inTurns(items, work) {
    var results = [];
    for (var start = 0; start < items.length; start += 1000) {
      results = results.concat(await Promise.all(items.slice(start, start + 1000).map(work)));
    }
    return results;
  }

  function timeOfRound(round) { return GENESIS + PERIOD * (round - 1); }

  function typedCode(text) { return String(text || "").replace(/\s+/g, "").toLowerCase(); }

  /** What is wrong with a file, where. Its words are chosen when it is shown. */
  function Fault(file, line, key, values) {
    this.file = file; this.line = line; this.key = key; this.values = values || {};
  }

  function words(fault, say) {
    var values = {};
    Object.keys(fault.values).forEach(function (name) {
      var value = fault.values[name];
      values[name] = value && value.key ? say(value.key, value.values) : value;
    });
    return say("at", { file: fault.file.name, line: String(fault.line), text: say(fault.key, values) });
  }

  /* ---- 3 files ------------------------------------------------------------------------------------------------ */

  /** Section 3: the lines of a file as lists of fields. Anything that is not allowed is refused, nothing is mended. */
  function readLines(file) {
    var bytes = file.bytes, line = 1, start = 0;
    if (!bytes.length) { throw new Fault(file, 1, "g_empty"); }
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) { throw new Fault(file, 1, "g_bom"); }
    for (var i = 0; i < bytes.length; i++) {
      var byte = bytes[i];
      if (byte === 10) {
        if (i === start) { throw new Fault(file, line, "g_blank"); }
        if (bytes[start] === 32 || bytes[i - 1] === 32) { throw new Fault(file, line, "g_space"); }
        line++;
        start = i + 1;
      } else if (byte < 32 || byte > 126) {
        if (byte === 13) { throw new Fault(file, line, "g_cr"); }
        if (byte === 9) { throw new Fault(file, line, "g_tab"); }
        throw new Fault(file, line, "g_byte", { byte: BYTE[byte] });
      }
    }
    if (bytes[bytes.length - 1] !== 10) { throw new Fault(file, line, "g_last"); }
    file.lines = new TextDecoder().decode(bytes).slice(0, -1).split("\n");
    return file.lines.map(function (text, index) {
      var fields = text.split("|");
      if (fields.indexOf("") >= 0) { throw new Fault(file, index + 1, "g_empty_field"); }
      return fields;
    });
  }

  /** A reader of one file: takes the lines in order and says where something is wrong. */
  function Reader(file, kind) {
    this.file = file;
    this.rows = readLines(file);
    this.next = 0;
    var head = this.rows[0];
    if (head[0] !== PROTOCOL) { throw this.fault("g_version", {}, 1); }
    this.next = 1;
    if (head.length !== 3) { throw this.fault("g_fields", { kind: PROTOCOL, n: 3, found: head.length }); }
    if (head[1] !== kind) { throw this.fault("g_soort", { kind: kind, found: head[1] }); }
    this.field("zitting", head[2], SESSION);
    file.session = head[2];
  }
  Reader.prototype = {
    /** A fault in the line that was taken last. */
    fault: function (key, values, line) { return new Fault(this.file, line || this.next, key, values); },
    is: function (kind) { return this.next < this.rows.length && this.rows[this.next][0] === kind; },
    take: function (kind, fields) {
      var row = this.rows[this.next];
      this.next++;
      if (!row) { throw this.fault("g_short", { kind: kind }); }
      if (row[0] !== kind) { throw this.fault("g_kind", { kind: kind, found: row[0] }); }
      if (row.length !== fields) { throw this.fault("g_fields", { kind: kind, n: fields, found: row.length }); }
      return row;
    },
    field: function (name, value, grammar) {
      if (!(Array.isArray(grammar) ? grammar.indexOf(value) >= 0 : grammar.test(value))) {
        throw this.fault("g_field", { field: name, found: value.slice(0, 40) });
      }
      return value;
    },
    end: function () { if (this.next !== this.rows.length) { throw this.fault("g_after_end", {}, this.next + 1); } },
    sorted: function (what, before, now) {
      if (before !== null && before >= now) { throw this.fault(before === now ? "g_twice" : "g_order", { what: { key: what }, found: now }); }
    }
  };

  /** One child's line of dossiers.txt, from field 2 on (section 3). */
  function readChild(reader, row, places) {
    var child = {
      regno: reader.field("regno", row[1], REGNO),
      unit: reader.field("eenheid", row[2], REGNO),
      part: reader.field("deelname", row[3], ["SC", "S", "C"]),
      salt: reader.field("zout", row[5], SALT),
      choices: [], list: row[4], text: row.join("|")
    };
    var seen = new Set();
    var choices = row[4].split(",");
    choices.forEach(function (text, index) {
      var match = CHOICE.exec(text);
      if (!match) { throw reader.fault("g_field", { field: "keuzes", found: row[4].slice(0, 40) }); }
      if (places && !places.has(match[1])) { throw reader.fault("g_unknown_school", { code: match[1] }); }
      if (seen.has(match[1])) { throw reader.fault("g_school_twice", { code: match[1] }); }
      seen.add(match[1]);
      var tier = Number(match[2]);
      if (tier === 0 && (child.part !== "C" || index !== choices.length - 1)) { throw reader.fault("g_class0"); }
      child.choices.push({ code: match[1], tier: tier });
    });
    return child;
  }

  /** Sections 4.1 and 4.2: schools with their places, children in order of their number, groups. */
  function readList(file, kind) {
    var reader = new Reader(file, kind), before = null, row;
    var list = { file: file, places: new Map(), schools: [], children: [], byRegno: new Map(), units: new Map(), held: 0 };
    while (reader.is("school")) {
      row = reader.take("school", 3);
      reader.sorted("w_school", before, before = reader.field("code", row[1], CODE));
      list.schools.push(row[1]);
      list.places.set(row[1], reader.field("plaatsen", row[2], PLACES) === "onbeperkt" ? Infinity : Number(row[2]));
    }
    before = null;
    while (reader.is("kind")) {
      row = reader.take("kind", kind === "dossiers" ? 6 : 4);
      var child;
      if (kind === "dossiers") {
        child = readChild(reader, row, list.places);
        if (child.choices[child.choices.length - 1].tier === 0) { list.held++; }
      } else {
        child = { regno: reader.field("regno", row[1], REGNO), unit: reader.field("eenheid", row[2], REGNO), seal: reader.field("zegel", row[3], HEX64) };
      }
      child.line = reader.next;
      reader.sorted("w_regno", before, before = child.regno);
      list.children.push(child);
      list.byRegno.set(child.regno, child);
      // Children come in order of their number, so the first of a unit must be the one it is named after.
      var members = list.units.get(child.unit);
      if (!members) {
        if (child.unit !== child.regno) { throw reader.fault("g_unit", { unit: child.unit }); }
        list.units.set(child.unit, [child]);
      } else {
        if (members[0].part !== child.part || members[0].list !== child.list) { throw reader.fault("g_group", { unit: child.unit }); }
        members.push(child);
      }
    }
    row = reader.take("eind", 3);
    [["w_schools", list.schools.length], ["w_children", list.children.length]].forEach(function (pair, index) {
      reader.field("eind", row[index + 1], COUNT);
      if (Number(row[index + 1]) !== pair[1]) { throw reader.fault("g_count", { what: { key: pair[0] }, n: pair[1], found: row[index + 1] }); }
    });
    reader.end();
    if (list.held) { checkHeld(list); }
    return list;
  }

  /** Section 6.1: a session with held seats has only children of the central draw, alone, and seats for all who hold one. */
  function checkHeld(list) {
    var holders = new Map();
    list.children.forEach(function (child) {
      if (child.part !== "C" || list.units.get(child.unit).length > 1) { throw new Fault(list.file, child.line, "g_class0_group"); }
      var last = child.choices[child.choices.length - 1];
      if (last.tier !== 0) { return; }
      var n = (holders.get(last.code) || 0) + 1;
      holders.set(last.code, n);
      if (n > list.places.get(last.code)) { throw new Fault(list.file, child.line, "g_class0_many", { code: last.code, n: n, places: list.places.get(last.code) }); }
    });
  }

  /** Section 4.3. */
  function readCommitment(file) {
    var reader = new Reader(file, "vastlegging"), row, c = { file: file, session: file.session };
    row = reader.take("poging", 3);
    c.attempt = Number(reader.field("poging", row[1], POSITIVE));
    if ((c.attempt === 1) !== (row[2] === "-")) { throw reader.fault("g_attempt"); }
    c.previous = row[2] === "-" ? null : reader.field("vorige", row[2], HEX64);
    c.profile = reader.field("profiel", reader.take("profiel", 2)[1], ["NB", "NG", "NGB", "H"]);
    ["deelnemers", "dossiers", "reglement", "verificateur"].forEach(function (name) {
      c[name] = reader.field(name, reader.take(name, 2)[1], HEX64);
    });
    row = reader.take("notaris", 3);
    c.dice = reader.field("notaris", row[1], ["d6", "d10", "hand"]);
    c.throws = Number(reader.field("worpen", row[2], COUNT));
    if (c.dice === "hand" ? c.throws !== 0 : c.throws < (c.dice === "d6" ? 50 : 39)) { throw reader.fault("g_throws", { n: c.throws, dice: c.dice }); }
    row = reader.take("baken", 3);
    c.rounds = [];
    if (row[1] !== "-" || row[2] !== "-") {
      reader.field("baken", row[1], ["drand-quicknet"]);
      c.rounds = row[2].split(",").map(function (text) { return Number(reader.field("ronde", text || "-", ROUND)); });
      if (c.rounds.length !== 3 || c.rounds[0] >= c.rounds[1] || c.rounds[1] >= c.rounds[2]) { throw reader.fault("g_rounds"); }
    }
    row = reader.take("geheim", 2);
    c.secret = row[1] === "-" ? null : reader.field("geheim", row[1], HEX64);
    if ((c.profile === "H") !== (c.dice === "hand") || (c.rounds.length > 0) !== /B$/.test(c.profile) || (c.secret !== null) !== /G/.test(c.profile)) {
      throw reader.fault("g_profile", { profile: c.profile });
    }
    c.over = reader.field("koppel", reader.take("koppel", 2)[1], ["sla-over", "boven-plafond"]) === "boven-plafond";
    row = reader.take("lotingen", 2);
    c.draws = row[1].split(",");
    c.drawsLine = reader.next;
    c.draws.forEach(function (draw, index) {
      var school = /^school\/(.*)$/.exec(draw);
      if (draw !== CENTRAL && !(school && CODE.test(school[1]))) { throw reader.fault("g_field", { field: "lotingen", found: draw.slice(0, 40) }); }
      if (c.draws.indexOf(draw) !== index) { throw reader.fault("g_twice", { what: { key: "w_draw" }, found: draw }); }
      if (draw === CENTRAL && index !== c.draws.length - 1) { throw reader.fault("g_central_last"); }
    });
    row = reader.take("moment", 2);
    var at = MOMENT.exec(row[1]);
    if (!at) { throw reader.fault("g_field", { field: "moment", found: row[1].slice(0, 40) }); }
    var time = Date.UTC(at[1], at[2] - 1, at[3], at[4], at[5], at[6]);
    if (new Date(time).toISOString() !== row[1].slice(0, -1) + ".000Z") { throw reader.fault("g_moment"); }
    c.moment = time / 1000;
    reader.take("eind", 1);
    reader.end();
    return c;
  }

  /** Section 4.4, and section 7 for a draw by hand. What the lines say must fit the profile of the commitment. */
  function readSeed(file, commitment) {
    var reader = new Reader(file, "zaad"), row, seed = { file: file, digits: null, orders: new Map(), round: null, value: null, secret: null };
    seed.commitment = reader.field("vastlegging", reader.take("vastlegging", 2)[1], HEX64);
    seed.commitmentLine = reader.next;
    row = reader.take("notaris", 2);
    if (row[1] === "hand") {
      if (commitment.profile !== "H") { throw reader.fault("g_seed_profile", { profile: commitment.profile }); }
      while (reader.is("volgorde")) {
        row = reader.take("volgorde", 3);
        if (commitment.draws[seed.orders.size] !== row[1]) { throw reader.fault("g_orders"); }
        var units = row[2] === "-" ? [] : row[2].split(",");
        units.forEach(function (unit) { reader.field("eenheid", unit || "-", REGNO); });
        seed.orders.set(row[1], { units: units, line: reader.next });
      }
      if (seed.orders.size !== commitment.draws.length) { throw reader.fault("g_orders", {}, reader.next + 1); }
    } else {
      seed.digits = reader.field("notaris", row[1], /^[0-9]+$/);
      if (commitment.profile === "H") { throw reader.fault("g_seed_profile", { profile: "H" }); }
      var faces = commitment.dice === "d6" ? "1-6" : "0-9";
      if (seed.digits.length !== commitment.throws || !new RegExp("^[" + faces + "]+$").test(seed.digits)) {
        throw reader.fault("g_digits", { n: commitment.throws, faces: faces.replace("-", "–") });
      }
    }
    row = reader.take("baken", 3);
    if (row[1] !== "-" || row[2] !== "-") {
      seed.round = Number(reader.field("ronde", row[1], ROUND));
      seed.value = reader.field("baken", row[2], HEX64);
    }
    seed.beaconLine = reader.next;
    if ((seed.value !== null) !== (commitment.rounds.length > 0)) { throw reader.fault("g_seed_profile", { profile: commitment.profile }); }
    row = reader.take("geheim", 2);
    if (row[1] !== "-") { seed.secret = reader.field("geheim", row[1], HEX64); }
    seed.secretLine = reader.next;
    if ((seed.secret !== null) !== (commitment.secret !== null)) { throw reader.fault("g_seed_profile", { profile: commitment.profile }); }
    reader.take("eind", 1);
    reader.end();
    return seed;
  }

  function readLimit(reader) {
    var row = reader.take("grens", 5);
    var limit = { draw: row[1], code: reader.field("code", row[2], CODE), tier: row[3], lot: row[4], line: reader.next, text: row.join("|") };
    reader.field("klasse", row[3], /^(?:[1-9]|-|vrij|dicht)$/);
    reader.field("lot", row[4], row[3] === "vrij" || row[3] === "dicht" ? ["-"] : HEX64);
    return limit;
  }

  /** Section 4.5: for each draw its head, its children and its limits. */
  function readOutcome(file) {
    var reader = new Reader(file, "uitslag"), row, outcome = { file: file, draws: [] };
    outcome.seed = reader.field("zaad", reader.take("zaad", 2)[1], HEX64);
    outcome.seedLine = reader.next;
    while (reader.is("loting")) {
      row = reader.take("loting", 4);
      var draw = { id: row[1], line: reader.next, places: reader.field("plaatsen", row[2], /^(?:-|0|[1-9][0-9]{0,3}|onbeperkt)$/), count: Number(reader.field("aantal", row[3], COUNT)), rows: [], limits: [], byRegno: new Map() };
      while (reader.is("uitkomst")) {
        row = reader.take("uitkomst", 8);
        if (row[1] !== draw.id) { throw reader.fault("d_block"); }
        var child = {
          rank: Number(reader.field("nummer", row[2], POSITIVE)), regno: reader.field("regno", row[3], REGNO), unit: reader.field("eenheid", row[4], REGNO),
          tier: reader.field("klasse", row[5], /^[0-9-]$/), lot: reader.field("lot", row[6], HEX64), code: row[7] === "-" ? "-" : reader.field("code", row[7], CODE), line: reader.next
        };
        draw.rows.push(child);
        draw.byRegno.set(child.regno, child);
      }
      while (reader.is("grens")) {
        draw.limits.push(readLimit(reader));
        if (draw.limits[draw.limits.length - 1].draw !== draw.id) { throw reader.fault("d_block"); }
      }
      outcome.draws.push(draw);
    }
    row = reader.take("eind", 2);
    outcome.count = Number(reader.field("eind", row[1], COUNT));
    outcome.countLine = reader.next;
    reader.end();
    return outcome;
  }

  /** Section 7 point 9: of a session that is published by own lines, only the limits of the outcome. */
  function readLimits(file) {
    var reader = new Reader(file, "grenzen"), limits = { file: file, lines: [] };
    limits.outcome = reader.field("uitslag", reader.take("uitslag", 2)[1], HEX64);
    limits.outcomeLine = reader.next;
    while (reader.is("grens")) { limits.lines.push(readLimit(reader)); }
    var row = reader.take("eind", 2);
    reader.field("eind", row[1], COUNT);
    if (Number(row[1]) !== limits.lines.length) { throw reader.fault("g_count", { what: { key: "w_lines" }, n: limits.lines.length, found: row[1] }); }
    reader.end();
    return limits;
  }

  /** Whether every child is drawn where it should be, and every draw is of a school that exists. */
  function checkDraws(commitment, list, hasChoices) {
    var draws = new Set(commitment.draws);
    var wrong = function (key, values) { throw new Fault(commitment.file, commitment.drawsLine, key, values); };
    commitment.draws.forEach(function (draw) {
      if (draw !== CENTRAL && !list.places.has(draw.slice(7))) { wrong("g_unknown_school", { code: draw.slice(7) }); }
    });
    if (!hasChoices) { return; }
    if (list.held && (commitment.draws.length !== 1 || !draws.has(CENTRAL))) { wrong("g_class0_draws"); }
    list.children.forEach(function (child) {
      var first = "school/" + child.choices[0].code;
      if (child.part !== "C" && !draws.has(first)) { wrong("g_draw_missing", { draw: first, regno: child.regno }); }
      if (child.part !== "S" && !draws.has(CENTRAL)) { wrong("g_draw_missing", { draw: CENTRAL, regno: child.regno }); }
    });
  }

  /* ---- 4 lots and places -------------------------------------------------------------------------------------- */

  /** Section 5: a function that knows the lots of the given [draw, unit] pairs. */
  async function hmacLots(key, session, pairs) {
    var secret = await crypto.subtle.importKey("raw", unhex(key), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    var lots = new Map();
    var all = await inTurns(pairs, function (pair) {
      return crypto.subtle.sign("HMAC", secret, bytesOf(PROTOCOL + "|lot|" + session + "|" + pair[0] + "|" + pair[1]));
    });
    pairs.forEach(function (pair, index) { lots.set(pair[0] + "|" + pair[1], hex(all[index])); });
    return lots;
  }

  /** Section 7: in a draw by hand the lot is the position, as 64 hexadecimal digits. */
  function handLots(seed) {
    var lots = new Map();
    seed.orders.forEach(function (order, draw) {
      order.units.forEach(function (unit, index) { lots.set(draw + "|" + unit, (index + 1).toString(16).padStart(64, "0")); });
    });
    return lots;
  }

  function byLot(one, other) {
    if (one.tier !== other.tier) { return one.tier < other.tier ? -1 : 1; }
    if (one.lot !== other.lot) { return one.lot < other.lot ? -1 : 1; }
    return one.unit < other.unit ? -1 : 1;
  }

  /** Section 6: units in order of class and lot, as long as there are places. Sets ``code`` on each unit. */
  function drawSchool(units, code, places, over) {
    var left = places, refused = 0, last = null;
    units.sort(byLot).forEach(function (unit) {
      var fits = unit.members.length <= left || (over && left > 0);
      unit.code = fits ? code : "-";
      if (fits) { left = Math.max(0, left - unit.members.length); last = unit; } else { refused++; }
    });
    if (places === 0) { return { tier: "dicht", lot: "-" }; }
    if (!refused) { return { tier: "vrij", lot: "-" }; }
    return last ? { tier: String(last.tier), lot: last.lot } : { tier: "dicht", lot: "-" };
  }

  /** Section 6: units by lot, each to the first school of its list with room for the whole unit. */
  function walkCentral(units, places) {
    var left = new Map(places);
    units.forEach(function (unit) {
      var found = unit.choices.find(function (choice) { return left.get(choice.code) >= unit.members.length; });
      unit.code = found ? found.code : "-";
      if (found) { left.set(found.code, left.get(found.code) - unit.members.length); }
    });
  }

  /** A child's place in the row of a school with held seats: its own holders first, everybody else by lot. */
  function claim(unit, choice) { return (choice.tier === 0 ? "0" : "1") + unit.lot; }

  /** Section 6.1 by closing doors: every school starts with an open door; every child asks at the first school whose
      door lets it in; a school with too many puts its door at its last place; again, until no door moves.
      A door only ever closes, so no child misses a place it could have had: the outcome that is best for the children. */
  function closeDoors(units, places) {
    var doors = new Map(), moved = true;
    while (moved) {
      var asking = new Map();
      moved = false;
      units.forEach(function (unit) {
        var found = unit.choices.find(function (choice) { return !doors.has(choice.code) || claim(unit, choice) <= doors.get(choice.code); });
        unit.code = found ? found.code : "-";
        if (!found) { return; }
        if (!asking.has(found.code)) { asking.set(found.code, []); }
        asking.get(found.code).push(claim(unit, found));
      });
      asking.forEach(function (claims, code) {
        var room = places.get(code);
        if (claims.length <= room) { return; }
        // Claims are equal only when lots are missing, as with the lists of another session: then a door stays.
        var door = room ? claims.sort()[room - 1] : "";
        moved = moved || door !== doors.get(code);
        doors.set(code, door);
      });
    }
  }

  /** The limit of every school in the central draw: what was left at the start, who came in last. */
  function centralLimits(schools, places, units) {
    var taken = new Map(), last = new Map();
    units.forEach(function (unit) {
      if (unit.code === "-") { return; }
      taken.set(unit.code, (taken.get(unit.code) || 0) + unit.members.length);
      if (unit.held !== unit.code && (!last.has(unit.code) || unit.lot > last.get(unit.code))) { last.set(unit.code, unit.lot); }
    });
    return schools.map(function (code) {
      var room = places.get(code);
      if (room === 0) { return { code: code, tier: "dicht", lot: "-" }; }
      if ((taken.get(code) || 0) < room) { return { code: code, tier: "vrij", lot: "-" }; }
      return last.has(code) ? { code: code, tier: "-", lot: last.get(code) } : { code: code, tier: "dicht", lot: "-" };
    });
  }

  /** Section 6.1: the properties themselves, whatever the algorithm. */
  function brokenProperty(units, places) {
    var taken = new Map(), lowest = new Map(), wrong = null;
    units.forEach(function (unit) {
      var choice = unit.choices.find(function (one) { return one.code === unit.code; });
      if (unit.code === "-" || !choice) { return; }
      taken.set(unit.code, (taken.get(unit.code) || 0) + 1);
      var own = claim(unit, choice);
      if (!lowest.has(unit.code) || lowest.get(unit.code) < own) { lowest.set(unit.code, own); }
    });
    taken.forEach(function (n, code) { if (n > places.get(code)) { wrong = wrong || { key: "d_over", values: { code: code, n: n, places: places.get(code) } }; } });
    units.forEach(function (unit) {
      var at = unit.choices.findIndex(function (choice) { return choice.code === unit.code; });
      if (at < 0 && (unit.held || unit.code !== "-")) { wrong = wrong || { unit: unit, key: "d_floor", values: { regno: unit.unit } }; }
      unit.choices.slice(0, at < 0 ? unit.choices.length : at).forEach(function (choice) {
        var free = (taken.get(choice.code) || 0) < places.get(choice.code);
        if (free || (lowest.has(choice.code) && lowest.get(choice.code) > claim(unit, choice))) {
          wrong = wrong || { unit: unit, key: "d_envy", values: { regno: unit.unit, code: choice.code } };
        }
      });
    });
    return wrong;
  }

  /** The parents' rule of section 6 (and 6.1): the school of a child that draws alone, from its list, lot and the limits. */
  function placeByLimits(choices, lot, limits) {
    var found = choices.find(function (choice) {
      var limit = limits.get(choice.code);
      return choice.tier === 0 || limit.tier === "vrij" || (limit.tier === "-" && limit.lot >= lot);
    });
    return found ? found.code : "-";
  }

  function admittedByLimit(tier, lot, limit) {
    if (limit.tier === "vrij" || limit.tier === "dicht") { return limit.tier === "vrij"; }
    return String(tier) < limit.tier || (String(tier) === limit.tier && lot <= limit.lot);
  }

  /* ---- 5 the check -------------------------------------------------------------------------------------------- */

  var STEPS = ["files", "grammar", "commitment", "hashes", "lists", "chance", "lots", "schools", "central", "limits", "child"];
  var SHOWN = 4; // differences of one step that are written out

  function Step(id, say) {
    this.id = id; this.title = say("s_" + id); this.state = "skip";
    this.notes = []; this.errors = []; this.warnings = []; this.skipped = [];
    this.code = 0; this.hidden = 0;
    Object.defineProperty(this, "say", { value: say });
  }
  Step.prototype = {
    note: function (key, values) { this.notes.push(this.say(key, values)); },
    warn: function (key, values) { this.warnings.push(this.say(key, values)); },
    skip: function (key, values) { this.skipped.push(this.say(key, values)); },
    wrong: function (code, text) {
      this.code = Math.max(this.code, code);
      if (this.errors.length < SHOWN) { this.errors.push(text); } else { this.hidden++; }
    },
    /** Something is wrong in a line of a file. */
    at: function (code, file, line, key, values) { this.wrong(code, words(new Fault(file, line, key, values), this.say)); },
    close: function () {
      if (this.hidden) { this.errors.push(this.say("more", { n: this.hidden })); }
      this.state = this.errors.length ? "fail" : this.warnings.length ? "warn" : this.notes.length ? "ok" : "skip";
      if (this.errors.length) { this.title = this.say("n_" + this.id); }
    }
  };

  function kindOf(name, bytes) {
    var named = NAMED.exec(name);
    if (named && /\.txt$/i.test(name)) { return named[1].toLowerCase(); }
    var head = /^OA-LOT\/1\|([a-z]+)\|/.exec(new TextDecoder().decode(bytes.slice(0, 40)));
    return head && KINDS.indexOf(head[1]) >= 0 ? head[1] : null;
  }

  async function check(filesByName, options) {
    options = options || {};
    var lang = options.lang || (typeof document === "undefined" ? "nl" : document.documentElement.lang);
    var say = speaker(lang), steps = {}, run = { say: say, lang: lang, options: options, steps: steps, facts: {} };
    STEPS.forEach(function (id) { steps[id] = new Step(id, say); });
    if (!options.child) { delete steps.child; }

    await gather(run, filesByName);
    if (!steps.files.code) { readAll(run); }
    var readable = !steps.files.code && !steps.grammar.code;
    if (readable) {
      run.session = run.commitment.session;
      await checkCommitment(run);
      await checkHashes(run);
      await checkLists(run);
      await checkChance(run);
      await checkOutcome(run);
      if (steps.child) { await checkChild(run); }
    }
    return result(run, readable);
  }

  /** Which file is which, by its name or else by its first line. */
  async function gather(run, filesByName) {
    var step = run.steps.files, say = run.say;
    run.files = {}; run.older = []; run.extras = [];
    var names = Object.keys(filesByName).sort(), found = {};
    for (var i = 0; i < names.length; i++) {
      var bytes = bytesOf(filesByName[names[i]]);
      var file = { name: names[i], bytes: bytes, hash: await sha256(bytes), kind: kindOf(names[i], bytes) };
      if (!file.kind) { run.extras.push(file); continue; }
      (found[file.kind] = found[file.kind] || []).push(file);
    }
    KINDS.forEach(function (kind) {
      var different = (found[kind] || []).filter(function (file, index, all) {
        return all.findIndex(function (other) { return other.hash === file.hash; }) === index;
      });
      if (kind === "vastlegging" && different.length > 1) {
        // Earlier attempts may lie beside it: the one that counts is the one the seed names.
        var seed = (found.zaad || [])[0];
        var named = seed ? /^vastlegging\|([0-9a-f]{64})$/m.exec(new TextDecoder().decode(seed.bytes)) : null;
        var main = different.find(function (file) { return named && file.hash === named[1]; });
        if (main) {
          run.older = different.filter(function (file) { return file !== main; });
          different = [main];
        }
      }
      if (different.length > 1) { step.wrong(2, say("f_double", { kind: kind + ".txt" })); }
      if (different.length) { run.files[kind] = different[0]; }
    });
    run.limited = Boolean(run.files.grenzen) && !run.files.deelnemers && !run.files.uitslag && !run.files.dossiers;
    var needed = run.limited ? ["vastlegging", "zaad"] : ["vastlegging", "deelnemers", "zaad", "uitslag"];
    var missing = needed.filter(function (kind) { return !run.files[kind]; });
    if (missing.length) { step.wrong(3, say("f_missing", { names: missing.map(function (kind) { return kind + ".txt"; }).join(", ") })); }
    var present = KINDS.filter(function (kind) { return run.files[kind]; });
    if (present.length) { step.note("f_have", { names: present.map(function (kind) { return run.files[kind].name; }).join(", ") }); }
    if (run.limited) { step.skip("f_limited"); } else if (!run.files.dossiers && !missing.length) { step.skip("f_no_dossiers"); }
  }

  /** The closed grammar of every file, and what makes a list invalid in itself. */
  function readAll(run) {
    var step = run.steps.grammar, files = run.files;
    var read = function (kind, work) {
      if (!files[kind]) { return null; }
      try {
        var parsed = work(files[kind]);
        step.note("g_ok", { name: files[kind].name, lines: files[kind].lines.length, n: files[kind].lines.length });
        return parsed;
      } catch (fault) {
        if (!(fault instanceof Fault)) { throw fault; }
        step.wrong(2, words(fault, run.say));
        return null;
      }
    };
    run.commitment = read("vastlegging", readCommitment);
    run.participants = read("deelnemers", function (file) { return readList(file, "deelnemers"); });
    run.dossiers = read("dossiers", function (file) { return readList(file, "dossiers"); });
    if (run.commitment) { run.seed = read("zaad", function (file) { return readSeed(file, run.commitment); }); }
    run.outcome = read("uitslag", readOutcome);
    run.limits = read("grenzen", readLimits);
    if (step.code) { return; }
    try {
      if (run.participants) { checkDraws(run.commitment, run.participants, false); }
      if (run.dossiers) { checkDraws(run.commitment, run.dossiers, true); }
      run.older = run.older.map(function (file) { return readCommitment(file); });
    } catch (fault) {
      if (!(fault instanceof Fault)) { throw fault; }
      step.wrong(2, words(fault, run.say));
    }
  }

  /** H_C against the code that was known beforehand, and the chain of attempts. */
  async function checkCommitment(run) {
    var step = run.steps.commitment, c = run.commitment, hash = c.file.hash;
    var typed = typedCode(run.options.commitment);
    if (!typed) {
      step.skip("c_skip");
    } else if (!/^[0-9a-f]{8,64}$/.test(typed)) {
      step.wrong(2, run.say("c_bad", { typed: typed.slice(0, 70) }));
    } else if (hash.slice(0, typed.length) !== typed) {
      step.wrong(1, run.say("c_differs", { found: hash.slice(0, Math.max(8, typed.length)), typed: typed }));
    } else if (typed.length < 64) {
      step.note("c_same_first", { n: typed.length, code: typed });
    } else {
      step.note("c_same", { code: typed });
    }
    if (c.attempt > 1) { step.warn("c_attempt", { n: c.attempt }); }
    var now = c, older = run.older.slice(), next;
    while (now.previous) {
      next = older.findIndex(function (one) { return one.file.hash === now.previous; });
      if (next < 0) { break; }
      next = older.splice(next, 1)[0];
      if (next.attempt !== now.attempt - 1) {
        step.wrong(1, run.say("c_chain_bad", { name: next.file.name, n: now.attempt, expected: now.attempt - 1 }));
        break;
      }
      step.note("c_chain", { n: next.attempt, name: next.file.name });
      now = next;
    }
    if (now.previous && !step.code) { step.skip("c_chain_skip", { n: now.attempt - 1 }); }
    older.forEach(function (one) { run.extras.push(one.file); });
    run.extras.forEach(function (file) {
      if (file.hash === c.verificateur) { run.steps.files.note("f_verifier", { name: file.name }); }
      else if (file.hash === c.reglement) { run.steps.files.note("f_rules", { name: file.name }); }
      else { run.steps.files.note("f_ignored", { name: file.name }); }
    });
  }

  /** Each file carries the code of what came before it. */
  async function checkHashes(run) {
    var step = run.steps.hashes, c = run.commitment, files = run.files;
    var carries = function (inFile, line, written, file) {
      if (!file) { return; }
      if (written === file.hash) { step.note("h_ok", { name: file.name, where: inFile.name }); }
      else { step.at(1, inFile, line, "h_bad", { name: file.name, found: file.hash, written: written }); }
    };
    Object.keys(files).forEach(function (kind) {
      if (files[kind].session !== c.session) { step.at(1, files[kind], 1, "h_session", { found: files[kind].session, expected: c.session }); }
    });
    carries(c.file, 4, c.deelnemers, files.deelnemers);
    carries(c.file, 5, c.dossiers, files.dossiers);
    carries(files.zaad, run.seed.commitmentLine, run.seed.commitment, c.file);
    if (run.outcome) { carries(files.uitslag, run.outcome.seedLine, run.outcome.seed, files.zaad); }
    if (run.limits && run.outcome) { carries(files.grenzen, run.limits.outcomeLine, run.limits.outcome, files.uitslag); }
    var typed = typedCode(run.options.outcome);
    if (typed) {
      var known = run.outcome ? files.uitslag.hash : run.limits.outcome;
      var name = run.outcome ? files.uitslag.name : "uitslag.txt";
      if (!/^[0-9a-f]{8,64}$/.test(typed)) { step.wrong(2, run.say("c_bad", { typed: typed.slice(0, 70) })); }
      else if (known.slice(0, typed.length) === typed) { step.note("h_outcome_ok"); }
      else { step.wrong(1, run.say("h_outcome_bad", { name: name, found: known.slice(0, Math.max(8, typed.length)), typed: typed })); }
    }
  }

  /** deelnemers.txt follows from dossiers.txt: the same schools and children, and for each child the seal of its line. */
  async function checkLists(run) {
    var step = run.steps.lists, list = run.dossiers || run.participants;
    if (run.limited) { return; }
    var open = 0, places = 0;
    list.places.forEach(function (n) { if (n === Infinity) { open++; } else { places += n; } });
    var say = run.say, room = say("l_places", { n: places });
    if (open) { room = say("k_and", { a: room, b: say("l_open", { n: open }) }); }
    step.note("l_counts", { children: say("l_children", { n: list.children.length }), schools: say("l_schools", { n: list.schools.length }), places: room });
    var together = list.children.filter(function (child) { return list.units.get(child.unit).length > 1; }).length;
    if (together) { step.note("l_groups", { n: together }); }
    if (list.held) { step.note("l_held", { n: list.held }); }
    run.list = list;
    if (!run.dossiers) { return; }
    var own = run.participants, from = run.dossiers.file.name;
    var schoolLines = function (one) { return one.schools.map(function (code) { return "school|" + code + "|" + (one.places.get(code) === Infinity ? "onbeperkt" : one.places.get(code)); }); };
    var expected = schoolLines(run.dossiers), found = schoolLines(own);
    for (var i = 0; i < Math.max(expected.length, found.length); i++) {
      if (expected[i] !== found[i]) { step.at(1, own.file, i + 2, "l_line", { other: from, expected: expected[i] || "kind|…" }); }
    }
    var seals = await inTurns(run.dossiers.children, function (child) { return sha256(child.text); });
    run.dossiers.children.forEach(function (child, index) {
      var other = own.byRegno.get(child.regno);
      if (!other) { step.at(1, own.file, own.file.lines.length, "l_child_missing", { regno: child.regno, other: from }); return; }
      if (other.unit !== child.unit) { step.at(1, own.file, other.line, "d_unit", { regno: child.regno, expected: child.unit, found: other.unit }); }
      if (other.seal !== seals[index]) { step.at(1, own.file, other.line, "l_seal", { regno: child.regno, other: from }); }
    });
    own.children.forEach(function (child) {
      if (!run.dossiers.byRegno.has(child.regno)) { step.at(1, own.file, child.line, "l_child_extra", { regno: child.regno, other: from }); }
    });
    if (!step.code) { step.note("l_same", { n: seals.length }); }
  }

  /** Dice, beacon and secret: fixed or unknown at the moment of the commitment. A rehearsal only warns about the beacon. */
  async function checkChance(run) {
    var step = run.steps.chance, c = run.commitment, seed = run.seed, facts = run.facts, say = run.say;
    run.rehearsal = /^OEFEN-/.test(c.session);
    if (run.rehearsal) { step.warn("r_rehearsal"); }
    var doubt = function (key, values, line) {
      if (run.rehearsal) { step.warn(key, values); } else if (line) { step.at(1, seed.file, line, key, values); } else { step.wrong(1, say(key, values)); }
    };
    facts.session = c.session; facts.hc = c.file.hash; facts.k = seed.file.hash; facts.moment = c.moment;
    facts.outcome = run.outcome ? run.outcome.file.hash : run.limits.outcome;
    facts.attempt = c.attempt; facts.profile = c.profile;
    var typedSlot = typedCode(run.options.slot);
    if (seed.digits === null) {
      step.note("r_hand");
      if (typedSlot) { step.wrong(1, say("r_no_slot")); }
    } else {
      step.note("r_dice", { n: seed.digits.length, dice: c.dice });
      facts.slot = await sha256(PROTOCOL + "|notaris|" + c.session + "|" + c.file.hash + "|" + seed.digits);
      if (typedSlot && !/^[0-9a-f]{8,64}$/.test(typedSlot)) { step.wrong(2, say("c_bad", { typed: typedSlot.slice(0, 70) })); }
      else if (typedSlot && facts.slot.slice(0, typedSlot.length) !== typedSlot) { step.wrong(1, say("r_slot_bad", { found: facts.slot.slice(0, Math.max(8, typedSlot.length)), typed: typedSlot })); }
      else if (typedSlot) { step.note("r_slot_ok"); }
    }
    if (seed.value !== null) {
      facts.round = seed.round; facts.roundTime = timeOfRound(seed.round); facts.beacon = seed.value;
      var hours = (timeOfRound(c.rounds[0]) - c.moment) / 3600;
      if (hours < DAY / 3600) { doubt("r_24", { hours: String(Math.floor(hours * 10) / 10) }); }
      if (c.rounds.indexOf(seed.round) < 0) { doubt("r_listed", { round: String(seed.round), rounds: c.rounds.join(", ") }, seed.beaconLine); }
      else {
        step.note("r_time", { moment: moment(c.moment, run.lang), time: moment(facts.roundTime, run.lang), round: seed.round });
        if (seed.round !== c.rounds[0]) { step.warn("r_reserve"); }
      }
      var standIn = seed.value === await sha256(PROTOCOL + "|oefenbaken|" + c.session + "|" + seed.digits);
      if (standIn && run.rehearsal) { step.warn("r_stand_in"); } else if (standIn) { step.at(1, seed.file, seed.beaconLine, "r_stand_in_bad"); }
      await checkSignature(run, step, standIn);
    }
    if (seed.secret !== null) {
      var kept = await sha256(PROTOCOL + "|geheim|" + c.session + "|" + seed.secret);
      if (kept === c.secret) { step.note("r_secret_ok"); } else { step.at(1, seed.file, seed.secretLine, "r_secret_bad"); }
    }
  }

  /** Section 10, level 1. Level 2 (the curve) is left to controleer.py's users with a library. */
  async function checkSignature(run, step, standIn) {
    var typed = typedCode(run.options.signature);
    if (!typed) {
      if (!standIn) { step.skip("r_sign_skip"); }
    } else if (!/^[0-9a-f]{96}$/.test(typed)) {
      step.wrong(2, run.say("r_sign_form"));
    } else if (await sha256(unhex(typed)) === run.seed.value) {
      step.note("r_sign_ok");
      step.skip("r_sign_level");
    } else if (run.rehearsal) {
      step.warn("r_sign_bad");
    } else {
      step.wrong(1, run.say("r_sign_bad"));
    }
  }

  /** Computes everything again and compares it with uitslag.txt. */
  async function checkOutcome(run) {
    var steps = run.steps, c = run.commitment, outcome = run.outcome;
    var number = run.list ? run.list.children.length : 0;
    if (run.limited) {
      checkPublicLimits(run);
      return;
    }
    // Lots of every unit in every draw it might be in; for the central draw that is more than needed.
    var pairs = [];
    if (run.dossiers) {
      run.dossiers.units.forEach(function (members, unit) {
        if (members[0].part !== "C") { pairs.push(["school/" + members[0].choices[0].code, unit]); }
        if (members[0].part !== "S") { pairs.push([CENTRAL, unit]); }
      });
    } else {
      outcome.draws.forEach(function (draw) {
        new Set(draw.rows.map(function (row) { return row.unit; })).forEach(function (unit) { pairs.push([draw.id, unit]); });
      });
    }
    run.lots = run.seed.digits === null ? handLots(run.seed) : await hmacLots(run.seed.file.hash, c.session, pairs);
    run.compared = 0;
    run.drawn = new Map(); // unit -> code, from the school draws as computed
    var drawn = { draws: 0, children: 0, admitted: 0 };
    c.draws.forEach(function (id, index) {
      var step = id === CENTRAL ? steps.central : steps.schools;
      var block = outcome.draws[index];
      if (!block || block.id !== id) {
        if (block) { step.at(1, outcome.file, block.line, "d_draw", { expected: id, found: block.id.slice(0, 40) }); }
        else { step.at(1, outcome.file, outcome.countLine, "d_draw_none", { expected: id }); }
        return;
      }
      var expected = id === CENTRAL ? computeCentral(run, block) : computeSchool(run, block, id);
      compareDraw(run, step, block, expected);
      if (id === CENTRAL) {
        step.note("d_central", { n: block.rows.length, admitted: block.rows.filter(placed).length });
        if (run.dossiers && run.dossiers.held && !step.code) { step.note("d_held"); }
        if (!run.dossiers) { step.skip("d_public"); }
      } else {
        drawn.draws++;
        drawn.children += block.rows.length;
        drawn.admitted += block.rows.filter(placed).length;
      }
    });
    outcome.draws.slice(c.draws.length).forEach(function (block) { steps.schools.at(1, outcome.file, block.line, "d_draw_extra", { found: block.id.slice(0, 40) }); });
    if (drawn.draws) { steps.schools.note("d_schools", { n: drawn.draws, children: drawn.children, admitted: drawn.admitted }); }
    else { steps.schools.note("d_no_schools"); }
    if (c.draws.indexOf(CENTRAL) < 0) { steps.central.note("d_no_central"); }
    if (run.compared || !number) { steps.lots.note(run.seed.digits === null ? "d_lots_hand" : "d_lots", { n: run.compared }); }
    if (!run.dossiers) { checkEverybodyDrawn(run); }
    var lines = outcome.file.lines.length - 3;
    if (outcome.count !== lines) { steps.limits.at(1, outcome.file, outcome.countLine, "d_end", { expected: lines, found: String(outcome.count) }); }
    checkLimitsFile(run);
    if (run.dossiers && !steps.schools.code && !steps.central.code && !steps.limits.code) { checkParentsRule(run); }
  }

  function placed(row) { return row.code !== "-"; }

  /** The order of a hand draw must name exactly the participating units. */
  function checkHandOrder(run, draw, units) {
    if (run.seed.digits !== null) { return; }
    var order = run.seed.orders.get(draw), part = new Set(units.map(function (unit) { return unit.unit; })), seen = new Set();
    var wrong = function (key, unit) { run.steps.lots.at(2, run.seed.file, order.line, "g_order_units", { draw: draw, text: { key: key, values: { unit: unit } } }); };
    order.units.forEach(function (unit) {
      if (seen.has(unit)) { wrong("o_twice", unit); } else if (!part.has(unit)) { wrong("o_extra", unit); }
      seen.add(unit);
    });
    part.forEach(function (unit) { if (!seen.has(unit)) { wrong("o_missing", unit); } });
  }

  /** The units of a draw as uitslag.txt has them, when there are no dossiers to take them from. */
  function unitsInFile(run, step, block) {
    var list = run.participants, units = new Map(), wrong = function (row, key, values) { step.at(1, run.outcome.file, row.line, key, values); };
    block.rows.forEach(function (row) {
      var child = list.byRegno.get(row.regno);
      if (!child) { wrong(row, "l_child_extra", { regno: row.regno, other: list.file.name }); return; }
      var unit = units.get(child.unit);
      if (!unit) { units.set(child.unit, unit = { unit: child.unit, tier: row.tier, code: row.code, members: [], first: row }); }
      if (unit.members.indexOf(row.regno) >= 0) { return; } // told by compareDraw
      if (unit.tier !== row.tier || unit.code !== row.code) { wrong(row, "d_split", { unit: child.unit }); }
      unit.members.push(row.regno);
    });
    units.forEach(function (unit) {
      list.units.get(unit.unit).forEach(function (child) {
        if (unit.members.indexOf(child.regno) < 0) { wrong(unit.first, "d_absent", { regno: child.regno, draw: block.id }); }
      });
      unit.members.sort();
    });
    return Array.from(units.values());
  }

  function unitsOf(run, draw, wanted) {
    var units = [];
    run.dossiers.units.forEach(function (members, unit) {
      if (wanted(members[0])) { units.push({ unit: unit, members: members.map(function (child) { return child.regno; }), choices: members[0].choices, tier: 0, draw: draw }); }
    });
    return units;
  }

  function giveLots(run, draw, units) {
    checkHandOrder(run, draw, units);
    units.forEach(function (unit) { unit.lot = run.lots.get(draw + "|" + unit.unit) || ""; });
  }

  function computeSchool(run, block, id) {
    var code = id.slice(7), places = run.list.places.get(code), units;
    if (run.dossiers) {
      units = unitsOf(run, id, function (child) { return child.part !== "C" && child.choices[0].code === code; });
      units.forEach(function (unit) { unit.tier = unit.choices[0].tier; });
    } else {
      units = unitsInFile(run, run.steps.schools, block);
      units.forEach(function (unit) {
        if (!/^[1-9]$/.test(unit.tier)) { run.steps.schools.at(1, run.outcome.file, unit.first.line, "d_class", { regno: unit.first.regno, expected: "1–9", found: unit.tier }); }
        if (run.drawn.has(unit.unit)) { run.steps.schools.at(1, run.outcome.file, unit.first.line, "d_two_schools", { regno: unit.first.regno }); }
        unit.tier = Number(unit.tier) || 9;
      });
    }
    giveLots(run, id, units);
    var limit = drawSchool(units, code, places, run.commitment.over);
    units.forEach(function (unit) { run.drawn.set(unit.unit, unit.code); });
    return {
      id: id, places: places === Infinity ? "onbeperkt" : String(places), units: units,
      tier: function (unit) { return String(unit.tier); },
      limits: [{ code: code, tier: limit.tier, lot: limit.lot }]
    };
  }

  function computeCentral(run, block) {
    var step = run.steps.central, list = run.list, left = new Map(list.places), units;
    run.drawn.forEach(function (code, unit) {
      if (code !== "-" && list.units.has(unit)) { left.set(code, Math.max(0, left.get(code) - list.units.get(unit).length)); }
    });
    if (run.dossiers) {
      units = unitsOf(run, CENTRAL, function (child) { return child.part !== "S" && (run.drawn.get(child.unit) || "-") === "-"; });
      units.forEach(function (unit) {
        var last = unit.choices[unit.choices.length - 1];
        unit.held = last.tier === 0 ? last.code : null;
      });
    } else {
      units = unitsInFile(run, step, block);
      units.forEach(function (unit) {
        var wrong = function (key, values) { step.at(1, run.outcome.file, unit.first.line, key, values); };
        var before = run.drawn.get(unit.unit);
        if (before && before !== "-") { wrong("d_admitted_again", { regno: unit.first.regno, code: before }); }
        if (unit.tier !== "-" && (unit.tier !== "0" || run.commitment.draws.length > 1 || unit.members.length > 1)) { wrong("d_class", { regno: unit.first.regno, expected: "-", found: unit.tier }); }
        if (unit.tier === "0" && unit.code === "-") { wrong("d_floor", { regno: unit.first.regno }); }
        if (unit.code !== "-" && !list.places.has(unit.code)) { wrong("g_unknown_school", { code: unit.code }); }
        unit.held = null; unit.holds = unit.tier === "0"; unit.tier = 0;
      });
    }
    giveLots(run, CENTRAL, units);
    units.sort(byLot);
    if (run.dossiers) {
      if (list.held) { closeDoors(units, left); } else { walkCentral(units, left); }
    } else {
      var taken = new Map();
      units.forEach(function (unit) { if (unit.code !== "-") { taken.set(unit.code, (taken.get(unit.code) || 0) + unit.members.length); } });
      taken.forEach(function (n, code) { if (n > left.get(code)) { step.at(1, run.outcome.file, block.line, "d_over", { code: code, n: n, places: left.get(code) }); } });
    }
    var holders = units.some(function (unit) { return unit.holds; });
    if (run.dossiers && list.held) {
      // The properties of what the file says, not of what was computed here.
      var written = units.map(function (unit) {
        var row = block.byRegno.get(unit.unit);
        return { unit: unit.unit, lot: unit.lot, choices: unit.choices, held: unit.held, code: row ? row.code : "-" };
      });
      var broken = brokenProperty(written, left);
      if (broken) { step.at(1, run.outcome.file, broken.unit && block.byRegno.has(broken.unit.unit) ? block.byRegno.get(broken.unit.unit).line : block.line, broken.key, broken.values); }
    }
    return {
      id: CENTRAL, places: "-", units: units,
      tier: function (unit) { return unit.held || unit.holds ? "0" : "-"; },
      limits: centralLimits(list.schools, left, units),
      // Without the choices nobody can see which holders stayed where they were, and so not the limits of their schools.
      unsure: !run.dossiers && holders ? limitsOfHolders(left, units) : null
    };
  }

  /** For a full school in a session with held seats, from public data: the lots its limit may have. */
  function limitsOfHolders(places, units) {
    var possible = new Map();
    units.forEach(function (unit) {
      if (unit.code === "-") { return; }
      if (!possible.has(unit.code)) { possible.set(unit.code, { lots: new Set(), floor: "", closed: true }); }
      var one = possible.get(unit.code);
      one.lots.add(unit.lot);
      // A child that holds no seat anywhere did not come in on class 0: the limit is not lower than its lot.
      if (!unit.holds) { one.closed = false; if (unit.lot > one.floor) { one.floor = unit.lot; } }
    });
    return possible;
  }

  /** Every line of one draw of uitslag.txt against what it should be. */
  function compareDraw(run, step, block, expected) {
    var file = run.outcome.file, say = run.say, steps = run.steps;
    var rows = [], by = new Map();
    expected.units.forEach(function (unit) {
      unit.members.forEach(function (regno) {
        var row = { regno: regno, unit: unit.unit, tier: expected.tier(unit), lot: unit.lot, code: unit.code };
        rows.push(row);
        by.set(regno, row);
      });
    });
    if (block.places !== expected.places) { step.at(1, file, block.line, "d_places", { expected: expected.places, found: block.places }); }
    if (block.count !== rows.length) { step.at(1, file, block.line, "d_count", { expected: rows.length, found: String(block.count) }); }
    var seen = new Set(), strange = false;
    block.rows.forEach(function (row) {
      if (!by.has(row.regno)) { step.at(1, file, row.line, "d_stranger", { regno: row.regno, draw: block.id }); strange = true; }
      else if (seen.has(row.regno)) { step.at(1, file, row.line, "d_double", { regno: row.regno }); strange = true; }
      seen.add(row.regno);
    });
    rows.forEach(function (row) { if (!seen.has(row.regno)) { step.at(1, file, block.line, "d_absent", { regno: row.regno, draw: block.id }); strange = true; } });
    block.rows.forEach(function (row, index) {
      var own = by.get(row.regno), there = rows[index];
      if (row.rank !== index + 1) { step.at(1, file, row.line, "d_rank", { expected: index + 1, found: String(row.rank) }); }
      if (!own) { return; }
      run.compared++;
      if (row.lot !== own.lot) { steps.lots.at(1, file, row.line, "d_lot", { regno: row.regno, expected: own.lot || "–" }); }
      if (row.unit !== own.unit) { step.at(1, file, row.line, "d_unit", { regno: row.regno, expected: own.unit, found: row.unit }); }
      if (row.tier !== own.tier) { step.at(1, file, row.line, "d_class", { regno: row.regno, expected: own.tier, found: row.tier }); }
      if (row.code !== own.code) { step.at(1, file, row.line, "d_code", { regno: row.regno, expected: own.code === "-" ? say("d_none") : own.code, found: row.code === "-" ? say("d_none") : row.code }); }
      if (!strange && there && there.regno !== row.regno) { step.at(1, file, row.line, "d_order", { rank: index + 1, expected: there.regno, found: row.regno }); }
    });
    compareLimits(run, block, expected);
  }

  function compareLimits(run, block, expected) {
    var step = run.steps.limits, file = run.outcome.file;
    expected.limits.forEach(function (limit, index) {
      var found = block.limits[index], possible = expected.unsure && expected.unsure.get(limit.code);
      var text = "grens|" + block.id + "|" + limit.code + "|" + limit.tier + "|" + limit.lot;
      if (!found) { step.at(1, file, block.line, "b_none", { code: limit.code, draw: block.id }); return; }
      if (found.text === text) { return; }
      if (possible && found.code === limit.code && limit.tier !== "vrij") {
        if (found.tier === "dicht" ? possible.closed : found.tier === "-" && possible.lots.has(found.lot) && found.lot >= possible.floor) { return; }
      }
      step.at(1, file, found.line, "b_bad", { expected: text });
    });
    block.limits.slice(expected.limits.length).forEach(function (limit) { step.at(1, file, limit.line, "b_extra"); });
    run.limitCount = (run.limitCount || 0) + expected.limits.length;
    if (block === run.outcome.draws[run.commitment.draws.length - 1]) { step.note("b_ok", { n: run.limitCount }); }
  }

  /** Without dossiers: at least every participant must be in some draw. */
  function checkEverybodyDrawn(run) {
    var seen = new Set();
    run.outcome.draws.forEach(function (draw) { draw.rows.forEach(function (row) { seen.add(row.regno); }); });
    run.participants.children.forEach(function (child) {
      if (!seen.has(child.regno)) { run.steps.lists.at(1, run.participants.file, child.line, "d_nowhere", { regno: child.regno, other: run.participants.file.name }); }
    });
  }

  /** grenzen.txt beside a whole uitslag.txt: the same limits. */
  function checkLimitsFile(run) {
    if (!run.limits) { return; }
    var all = [];
    run.outcome.draws.forEach(function (draw) { all = all.concat(draw.limits); });
    for (var i = 0; i < Math.max(all.length, run.limits.lines.length); i++) {
      var found = run.limits.lines[i];
      if (!found) { run.steps.limits.at(1, run.limits.file, run.limits.file.lines.length, "b_none", { code: all[i].code, draw: all[i].draw }); }
      else if (!all[i]) { run.steps.limits.at(1, run.limits.file, found.line, "b_extra"); }
      else if (found.text !== all[i].text) { run.steps.limits.at(1, run.limits.file, found.line, "b_bad", { expected: all[i].text }); }
    }
  }

  /** Limits alone: each belongs to a draw of the commitment, in its order, each school once. */
  function checkPublicLimits(run) {
    var step = run.steps.limits, at = 0, before = "";
    run.limitsBy = new Map();
    run.limits.lines.forEach(function (limit) {
      while (at < run.commitment.draws.length && run.commitment.draws[at] !== limit.draw) { at++; before = ""; }
      var school = limit.draw === CENTRAL ? limit.code > before && !/^[1-9]$/.test(limit.tier) : before === "" && limit.draw === "school/" + limit.code && limit.tier !== "-";
      if (at >= run.commitment.draws.length || !school) { step.at(2, run.limits.file, limit.line, "b_extra"); }
      before = limit.code;
      run.limitsBy.set(limit.draw + "|" + limit.code, limit);
    });
    run.commitment.draws.forEach(function (draw) {
      if (draw !== CENTRAL && !run.limitsBy.has(draw + "|" + draw.slice(7))) { step.at(2, run.limits.file, run.limits.file.lines.length, "b_none", { code: draw.slice(7), draw: draw }); }
    });
    step.note("b_public", { n: run.limits.lines.length });
  }

  /** Section 6: the rule a parent uses, for every child that draws alone, on the lines of the file. */
  function checkParentsRule(run) {
    var step = run.steps.limits, n = 0, blocks = new Map();
    run.outcome.draws.forEach(function (draw) { blocks.set(draw.id, { rows: draw.byRegno, limits: new Map(draw.limits.map(function (limit) { return [limit.code, limit]; })) }); });
    run.dossiers.children.forEach(function (child) {
      if (run.dossiers.units.get(child.unit).length > 1) { return; }
      var first = child.choices[0], expected = "-", row;
      if (child.part !== "C") {
        var own = blocks.get("school/" + first.code);
        row = own.rows.get(child.regno);
        if (admittedByLimit(first.tier, row.lot, own.limits.get(first.code))) { expected = first.code; }
      }
      if (expected === "-" && child.part !== "S") {
        var central = blocks.get(CENTRAL);
        row = central.rows.get(child.regno);
        if (row) { expected = placeByLimits(child.choices, row.lot, central.limits); }
      }
      n++;
      var found = row ? row.code : "-";
      if (found !== expected) { step.wrong(1, run.say("b_rule_bad", { regno: child.regno, expected: expected, found: found })); }
    });
    if (n) { step.note("b_rule", { n: n }); }
  }

  function result(run, readable) {
    var say = run.say, steps = STEPS.filter(function (id) { return run.steps[id]; }).map(function (id) { return run.steps[id]; });
    steps.forEach(function (step) {
      step.close();
      if (!readable && step.state === "skip" && !step.skipped.length) { step.skip("not_reached"); }
    });
    // A session without, say, a central draw has nothing to tell there.
    steps = steps.filter(function (step) { return step.state !== "skip" || step.skipped.length; });
    var exitCode = steps.reduce(function (code, step) { return Math.max(code, step.code); }, 0);
    var skipped = readable ? steps.reduce(function (all, step) { return all.concat(step.skipped); }, []) : [];
    var onlyChild = exitCode === 1 && run.absent && steps.every(function (step) { return !step.code || step.id === "child"; });
    var verdict = exitCode ? (onlyChild ? say("v_child") : say("v_" + exitCode)) : say(skipped.length ? "v_part" : "v_ok");
    if (run.rehearsal) { verdict = say("v_rehearsal", { text: verdict }); }
    var counted = steps.filter(function (step) { return step.state !== "skip"; });
    var wrong = counted.filter(function (step) { return step.state === "fail"; }).length;
    var text = exitCode > 1 ? say("v_" + exitCode + "_text") : say(exitCode ? (onlyChild ? "v_part_text" : "v_1_text") : skipped.length ? "v_part_text" : "v_ok_text", { session: run.session });
    return {
      ok: exitCode === 0, exitCode: exitCode, verdict: verdict, text: text, rehearsal: Boolean(run.rehearsal),
      badge: wrong ? say("v_badge_wrong", { n: wrong }) : run.rehearsal ? say("v_badge_rehearsal") : say("v_badge", { n: counted.length, total: counted.length }),
      steps: steps.map(function (step) {
        return { id: step.id, title: step.title, state: step.state, code: step.code, notes: step.notes, errors: step.errors, warnings: step.warnings, skipped: step.skipped };
      }),
      story: run.story || null, facts: run.facts, skipped: skipped
    };
  }

  /* ---- 6 one child's story ------------------------------------------------------------------------------------ */

  /** A number or a whole line of dossiers.txt. Spaces and line breaks come from letters and are left out. */
  function readTyped(run, typed) {
    var text = String(typed).replace(/\s+/g, "");
    if (text.slice(0, 5).toLowerCase() === "kind|") {
      var source = { name: run.say("t_choices"), lines: [] };
      var reader = Object.create(Reader.prototype);
      reader.file = source; reader.next = 1; reader.rows = [text.split("|")];
      var row = reader.rows[0];
      if (row.length !== 6 || row.indexOf("") >= 0) { throw new Fault(source, 1, "g_fields", { kind: "kind", n: 6, found: row.length }); }
      return readChild(reader, row, run.list ? run.list.places : null);
    }
    text = text.toUpperCase();
    return REGNO.test(text) ? { regno: text } : null;
  }

  async function checkChild(run) {
    var step = run.steps.child, say = run.say, typed;
    try {
      typed = readTyped(run, run.options.child);
    } catch (fault) {
      if (!(fault instanceof Fault)) { throw fault; }
      step.wrong(2, say("k_line_bad", { text: say(fault.key, fault.values) }));
      return;
    }
    if (!typed) { step.wrong(2, say("k_bad", { typed: String(run.options.child).slice(0, 60) })); return; }
    var child = { regno: typed.regno, unit: typed.unit || typed.regno, choices: typed.choices || null, part: typed.part || null, sealed: null, others: [], grouped: false };
    if (run.list) {
      var listed = run.participants.byRegno.get(typed.regno);
      if (!listed) {
        run.absent = true;
        step.wrong(1, say("k_absent", { regno: typed.regno, session: run.session }));
        run.story = { regno: typed.regno, found: false, title: say("t_unknown", { regno: typed.regno }), facts: [], schools: [], sentences: [], codes: [] };
        return;
      }
      if (typed.choices) {
        child.sealed = await sha256(typed.text) === listed.seal;
        if (child.sealed) { step.note("k_seal_ok", { regno: typed.regno }); }
        else { step.wrong(1, say("k_seal_bad", { regno: typed.regno, file: run.participants.file.name })); }
        if (listed.unit !== typed.unit) { step.wrong(1, say("k_unit", { regno: typed.regno, found: listed.unit, typed: typed.unit })); }
      }
      var dossier = run.dossiers && run.dossiers.byRegno.get(typed.regno);
      if (dossier) {
        child.choices = dossier.choices; child.part = dossier.part;
        if (child.sealed === null) { child.sealed = !run.steps.lists.code; }
      }
      child.unit = listed.unit;
      child.others = run.participants.units.get(child.unit).filter(function (one) { return one.regno !== child.regno; }).map(function (one) { return one.regno; });
      readDraws(run, child);
      checkOwnLine(run, step, child);
    } else {
      child.grouped = child.unit !== child.regno;
      await readOwnLots(run, child);
      step.skip("k_limited", { regno: child.regno });
    }
    run.story = tell(run, child);
  }

  /** Where the child is in the outcome: rank, rank inside its class, the last one with a place. */
  function readDraws(run, child) {
    child.school = null; child.central = null;
    run.outcome.draws.forEach(function (draw) {
      var row = draw.byRegno.get(child.regno);
      if (!row) { return; }
      var same = draw.rows.filter(function (one) { return one.tier === row.tier; });
      var found = {
        id: draw.id, row: row, code: row.code, lot: row.lot, rank: row.rank, total: draw.rows.length, tier: row.tier,
        tierRank: same.indexOf(row) + 1, tierTotal: same.length, places: draw.places, draw: draw,
        limits: new Map(draw.limits.map(function (limit) { return [limit.code, limit]; }))
      };
      if (draw.id === CENTRAL) { child.central = found; } else { child.school = child.school || found; found.code0 = draw.id.slice(7); }
    });
  }

  /** Limited publication: the own lot, and what the limits make of it. */
  async function readOwnLots(run, child) {
    var pairs = [];
    if (child.part !== "C" && child.choices) { pairs.push(["school/" + child.choices[0].code, child.unit]); }
    if (child.part !== "S") { pairs.push([CENTRAL, child.unit]); }
    pairs = pairs.filter(function (pair) { return run.commitment.draws.indexOf(pair[0]) >= 0; });
    var lots = run.seed.digits === null ? handLots(run.seed) : await hmacLots(run.seed.file.hash, run.session, pairs);
    child.school = null; child.central = null;
    pairs.forEach(function (pair) {
      var lot = lots.get(pair.join("|"));
      if (!lot) { return; }
      var found = { id: pair[0], lot: lot, rank: null, limits: new Map() };
      run.limitsBy.forEach(function (limit) { if (limit.draw === pair[0]) { found.limits.set(limit.code, limit); } });
      if (pair[0] !== CENTRAL) {
        var code = pair[0].slice(7);
        found.code0 = code; found.tier = String(child.choices[0].tier);
        found.code = admittedByLimit(found.tier, lot, found.limits.get(code)) ? code : "-";
        child.school = found;
      } else if (!child.school || child.school.code === "-") {
        var all = child.choices && child.choices.every(function (choice) { return found.limits.has(choice.code); });
        found.code = all ? placeByLimits(child.choices, lot, found.limits) : null;
        child.central = found;
      }
    });
  }

  /** Without dossiers the own line is the only one with choices: what follows from it must be in the outcome. */
  function checkOwnLine(run, step, child) {
    var say = run.say, names = [];
    if (child.school) { names.push(say("k_school_name", { code: child.school.code0 })); }
    if (child.central) { names.push(say("k_central_name")); }
    if (names.length) { step.note("k_ok", { regno: child.regno, draws: names.length > 1 ? say("k_and", { a: names[0], b: names[1] }) : names[0] }); }
    if (!child.choices || !child.sealed) { return; }
    var first = child.choices[0], id = "school/" + first.code, wrong = function (key, values) { step.wrong(1, say(key, values)); };
    if (child.part !== "C") {
      if (!child.school || child.school.id !== id) { wrong("k_part", { regno: child.regno, draw: id }); }
      else if (child.school.tier !== String(first.tier)) { wrong("k_class", { regno: child.regno, draw: id, found: child.school.tier, typed: first.tier }); }
    } else if (child.school) { wrong("k_not", { regno: child.regno, draw: child.school.id }); }
    var admitted = child.school && child.school.code !== "-";
    if (child.part !== "S" && !admitted && !child.central) { wrong("k_part", { regno: child.regno, draw: CENTRAL }); }
    if (child.part === "S" && child.central) { wrong("k_not", { regno: child.regno, draw: CENTRAL }); }
    if (child.central) {
      var last = child.choices[child.choices.length - 1];
      var tier = last.tier === 0 ? "0" : "-";
      if (child.central.tier !== tier) { wrong("k_class", { regno: child.regno, draw: CENTRAL, found: child.central.tier, typed: tier }); }
      if (!child.others.length) {
        var expected = placeByLimits(child.choices, child.central.lot, child.central.limits);
        if (expected !== child.central.code) { wrong("k_place", { regno: child.regno, expected: expected === "-" ? say("d_none") : expected, found: child.central.code === "-" ? say("d_none") : child.central.code }); child.misplaced = true; }
      } else if (child.central.code !== "-" && !child.choices.some(function (choice) { return choice.code === child.central.code; })) {
        wrong("k_place", { regno: child.regno, expected: say("d_none"), found: child.central.code });
        child.misplaced = true;
      }
    }
  }

  function short(lot) { return lot.slice(0, 8); }

  /** In sentences: what happened, and why not at the schools above. */
  function tell(run, child) {
    var say = run.say, school = child.school, central = child.central, facts = [], sentences = [];
    var rule = run.limited, last = central || school;
    var code = school && school.code !== "-" ? school.code : central ? central.code : school ? "-" : null;
    var title = !last ? say("t_nothing", { regno: child.regno })
      : code === null ? say("t_lot_only", { draw: say("k_central_name"), lot: short(last.lot) })
        : code === "-" ? say(rule ? "t_unplaced_rule" : "t_unplaced", { regno: child.regno })
          : say(rule ? "t_placed_rule" : "t_placed", { regno: child.regno, code: code });
    if (rule) { sentences.push(say("t_compare")); }
    if (child.others.length) { sentences.push(say("t_group", { others: child.others.join(", ") })); }
    if (child.part === "S") { sentences.push(say("t_care")); }
    if (child.part === "C") { sentences.push(say("t_central_only")); }

    var fact = function (key, state, text) { facts.push({ id: key, title: say(state === "fail" ? "tn_" + key : "t_" + key + (rule && state === "ok" && key !== "chance" ? "_rule" : "")), state: state, text: text }); };
    if (rule) { fact("choices", "skip", say("t_choices_limited")); }
    else if (child.sealed === null) { fact("choices", "skip", say("t_choices_skip")); }
    else { fact("choices", child.sealed ? "ok" : "fail", say(child.sealed ? "t_choices_ok" : "t_choices_bad")); }

    var chance = run.steps.chance, profile = run.commitment.profile;
    var how = chance.code || run.steps.commitment.code || run.steps.hashes.code ? "t_chance_bad" : run.rehearsal ? "t_chance_warn" : profile === "H" ? "t_chance_hand" : /B$/.test(profile) ? "t_chance_beacon" : "t_chance_secret";
    fact("chance", how === "t_chance_bad" ? "fail" : how === "t_chance_warn" ? "warn" : "ok", how === "t_chance_beacon" ? say(how, { time: moment(run.facts.roundTime, run.lang) }) : say(how));

    var bad = run.steps.lots.code || run.steps.schools.code || run.steps.central.code;
    var lots = [];
    if (rule) {
      [school, central].forEach(function (one) { if (one) { lots.push(say("t_lot_only", { draw: one.id === CENTRAL ? say("k_central_name") : say("k_school_name", { code: one.code0 }), lot: short(one.lot) })); } });
      lots.push(say("t_lot_skip"));
    } else {
      if (school) { lots.push(say("t_lot_school", { code: school.code0, rank: school.rank, total: school.total, "class": school.tier, class_rank: school.tierRank, class_total: school.tierTotal })); }
      if (central) { lots.push(say("t_lot_central", { rank: central.rank, total: central.total })); }
    }
    fact("lot", bad ? "fail" : "ok", bad ? say("t_lot_bad") : lots.join(" "));

    var place = placeFact(run, child, code);
    if (place) { fact("place", place[0], place[1]); }
    return {
      regno: child.regno, found: true, title: title, place: code === "-" ? null : code, facts: facts, sentences: sentences,
      schools: tellSchools(run, child, code), order: say("order"),
      codes: [school, central].filter(Boolean).map(function (one) { return { title: say("code_lot", { draw: one.id === CENTRAL ? say("k_central_name") : say("k_school_name", { code: one.code0 }) }), draw: one.id, lot: one.lot }; })
    };
  }

  function placeFact(run, child, code) {
    var say = run.say, school = child.school, central = child.central;
    if (code === null && !central) { return null; }
    if (run.steps.schools.code || run.steps.central.code || run.steps.limits.code || child.misplaced) { return ["fail", say("t_place_bad")]; }
    if (school && school.code !== "-") { return ["ok", say("t_place_school", { code: school.code })]; }
    if (!central) { return ["ok", say("t_place_none_school", { code: school.code0 })]; }
    if (!child.choices) { return ["skip", say("t_place_public")]; }
    if (code === null) { return ["skip", say("t_place_public")]; }
    if (!run.dossiers && (child.others.length || child.grouped)) { return ["skip", say("t_place_group")]; }
    var here = child.choices.find(function (choice) { return choice.code === code; });
    if (!here) { return ["ok", say("t_place_none")]; }
    if (here.tier === 0) { return ["ok", say("t_place_held", { code: code })]; }
    return ["ok", central.rank ? say("t_place_central", { code: code, rank: central.rank }) : say("t_place_central_rule", { code: code })];
  }

  /** For every school of the list (or of the outcome, when the list is not known): the reason. */
  function tellSchools(run, child, place) {
    var school = child.school, central = child.central;
    var choices = child.choices || [];
    if (!choices.length && school) { choices = [{ code: school.code0, tier: Number(school.tier) }]; }
    if (!child.choices && central && central.code && central.code !== "-" && !choices.some(function (one) { return one.code === central.code; })) { choices = choices.concat([{ code: central.code, tier: null }]); }
    var above = false;
    return choices.map(function (choice, index) {
      var here = choice.code === place, text = [];
      if (above) { return { code: choice.code, number: index + 1, state: "above", badge: run.say("b_not_needed"), sentences: [run.say("x_above")] }; }
      if (school && school.code0 === choice.code) { text = text.concat(tellSchool(run, child, school)); }
      if (central && central.limits.has(choice.code) && (!here || !school || school.code !== choice.code)) { text.push(tellCentral(run, child, central, choice, here)); }
      if (!text.length) { text.push(run.say("x_not_central")); }
      if (here) { above = true; }
      return { code: choice.code, number: child.choices ? index + 1 : null, state: here ? "here" : "full", badge: run.say(here ? (run.limited ? "b_here_rule" : "b_here") : "b_full"), sentences: text };
    });
  }

  function rankOf(found, lot, tier) {
    var last = null;
    found.draw.rows.forEach(function (row) { if (row.lot === lot && (tier === undefined || row.tier === tier)) { last = row; } });
    return last ? last.rank : null;
  }

  function tellSchool(run, child, school) {
    var say = run.say, limit = school.limits.get(school.code0), text = [];
    if (school.rank === null) {
      text.push(limit.tier === "dicht" ? say("x_out_closed") : limit.tier === "vrij" ? say("x_free") : say("x_class_rule", { "class": school.tier, limit: limit.tier, lot: short(limit.lot) }));
      return text;
    }
    text.push(say("x_drawn", { rank: school.rank, total: school.total, places: school.places === "onbeperkt" ? say("x_places_open") : say("x_places", { n: Number(school.places) }) }));
    text.push(say("x_class", { "class": school.tier, rank: school.tierRank, total: school.tierTotal }));
    if (limit.tier === "vrij") { text.push(say("x_free")); return text; }
    if (limit.tier === "dicht") { text.push(say("x_out_closed")); return text; }
    var last = rankOf(school, limit.lot, limit.tier);
    if (school.code !== "-") { text.push(say("x_in", { last: last })); }
    else if (admittedByLimit(school.tier, school.lot, limit)) { text.push(say("x_out_group", { n: child.others.length + 1 })); }
    else if (school.tier !== limit.tier) { text.push(say("x_out_class", { last: last, "class": limit.tier, own: school.tier })); }
    else { text.push(say("x_out_lot", { last: last })); }
    return text;
  }

  function tellCentral(run, child, central, choice, here) {
    var say = run.say, limit = central.limits.get(choice.code);
    if (choice.tier === 0) { return say("x_held"); }
    if (limit.tier === "dicht") { return say("x_c_closed"); }
    var within = limit.tier === "vrij" || limit.lot >= central.lot;
    if (!here && within) { return say("x_c_group", { n: child.others.length + 1 }); }
    if (limit.tier === "vrij") { return say("x_c_free"); }
    if (central.rank === null) { return say(within ? "x_c_in_rule" : "x_c_out_rule", { limit: short(limit.lot), lot: short(central.lot) }); }
    var last = rankOf(central, limit.lot);
    if (limit.lot === central.lot) { return say("x_c_last", { rank: central.rank }); }
    return say(within ? "x_c_in" : "x_c_out", { last: last, rank: central.rank });
  }

  /* ---- 7 the page --------------------------------------------------------------------------------------------- */

  var ICONS = {
    ok: '<circle class="f" cx="12" cy="12" r="10"/><path class="k" d="M7.5 12.4l3.2 3.2 6-6.6" stroke-width="2.6"/>',
    fail: '<path class="f" d="M7.4 1.8h9.2l5.6 5.6v9.2l-5.6 5.6H7.4l-5.6-5.6V7.4z"/><path class="k" d="M8.3 8.3l7.4 7.4M15.7 8.3l-7.4 7.4" stroke-width="2.6"/>',
    warn: '<path class="f" d="M12 2.2L23 21.5H1z"/><path class="k" d="M12 9v5.5" stroke-width="2.4"/><circle class="kf" cx="12" cy="18" r="1.4"/>',
    dashed: '<circle cx="12" cy="12" r="9" stroke-dasharray="4 3.07"/>',
    none: '<circle cx="12" cy="12" r="9.5"/><path d="M5.5 18.5l13-13"/>',
    check: '<path d="M4.5 12.5l5 5 10-11"/>',
    close: '<path d="M5 5l14 14M19 5L5 19"/>',
    mark: '<path d="M12 4v10M12 19v.5"/>',
    dash: '<path d="M6 12h12"/>'
  };
  var LARGEST = 60 * 1000 * 1000;

  function icon(name) {
    var holder = new DOMParser().parseFromString('<svg xmlns="http://www.w3.org/2000/svg" class="i" viewBox="0 0 24 24" aria-hidden="true" focusable="false">' + ICONS[name] + "</svg>", "image/svg+xml");
    return document.importNode(holder.documentElement, true);
  }

  function el(tag, attributes, children) {
    var node = document.createElement(tag);
    Object.keys(attributes || {}).forEach(function (name) { if (attributes[name] !== null) { node.setAttribute(name, attributes[name]); } });
    [].concat(children === undefined ? [] : children).forEach(function (child) {
      if (child !== null) { node.appendChild(typeof child === "string" ? document.createTextNode(child) : child); }
    });
    return node;
  }

  function badge(state, text) {
    var kinds = { ok: ["ok", "ok"], fail: ["error", "fail"], warn: ["warning", "warn"], skip: ["", "dashed"], none: ["", "none"] };
    var kind = kinds[state];
    return el("span", { "class": "utrecht-status-badge" + (kind[0] ? " utrecht-status-badge--" + kind[0] : "") }, [icon(kind[1]), text]);
  }

  function Page(form) {
    var page = this;
    this.form = form;
    this.lang = document.documentElement.lang || "nl";
    this.say = speaker(this.lang);
    this.files = new Map();
    this.input = document.getElementById("bestanden");
    this.drop = document.getElementById("neerleggen");
    this.chosen = document.getElementById("gekozen");
    this.status = document.getElementById("melding");
    this.problems = document.getElementById("fouten");
    this.target = document.getElementById("uitkomst");
    this.codes = document.getElementById("codes");
    form.hidden = false;
    Array.prototype.forEach.call(document.querySelectorAll("[data-open-without-script]"), function (box) { box.open = false; });
    this.input.addEventListener("change", function () { page.add(page.input.files).then(function () { page.input.value = ""; }); });
    form.addEventListener("submit", function (event) { event.preventDefault(); page.run(); });
    ["dragenter", "dragover"].forEach(function (name) {
      document.addEventListener(name, function (event) {
        if (!event.dataTransfer || Array.prototype.indexOf.call(event.dataTransfer.types, "Files") < 0) { return; }
        event.preventDefault();
        page.drop.classList.add("is-over");
      });
    });
    ["dragleave", "drop"].forEach(function (name) {
      document.addEventListener(name, function (event) {
        if (name === "drop" || !event.relatedTarget) { page.drop.classList.remove("is-over"); }
      });
    });
    // Dropping beside the box must not make the browser leave the page.
    document.addEventListener("drop", function (event) {
      if (!event.dataTransfer || !event.dataTransfer.files.length) { return; }
      event.preventDefault();
      page.add(event.dataTransfer.files);
    });
    var load = document.getElementById("ophalen");
    if (load) { load.addEventListener("click", function () { page.load(document.getElementById("zitting")); }); }
    this.paintFiles();
  }

  Page.prototype = {
    tell: function (text) { this.status.textContent = text; },

    add: async function (list) {
      var page = this, added = 0, problems = [];
      for (var i = 0; i < list.length; i++) {
        var file = list[i];
        if (file.size > LARGEST) { problems.push(this.say("p_large", { name: file.name, size: Math.round(file.size / 1e6) })); continue; }
        try {
          this.files.set(file.name, new Uint8Array(await file.arrayBuffer()));
          added++;
        } catch (error) { problems.push(this.say("p_unreadable", { name: file.name })); }
      }
      this.paintFiles();
      this.tell([added ? this.say("p_added", { n: added }) : ""].concat(problems).join(" ").trim());
      if (problems.length) { page.complain(problems.map(function (text) { return { text: text, id: "bestanden" }; }), false); }
    },

    /** The files of the protocol with a mark for each, and what else lies beside them. */
    paintFiles: function () {
      var page = this, by = {}, extras = [];
      this.files.forEach(function (bytes, name) {
        var kind = kindOf(name, bytes);
        if (kind) { (by[kind] = by[kind] || []).push(name); } else { extras.push(name); }
      });
      var line = function (name, kind) {
        var size = page.files.get(name).length;
        var text = size < 1000 ? page.say("p_bytes", { n: size }) : page.say("p_kb", { n: Math.round(size / 1000) });
        var button = el("button", { "class": "utrecht-button utrecht-button--small utrecht-button--subtle", type: "button" }, [page.say("p_remove"), el("span", { "class": "vh" }, " " + name)]);
        button.addEventListener("click", function () { page.files.delete(name); page.paintFiles(); page.input.focus(); });
        return el("li", { "class": "oa-drop__have" }, [icon(kind ? "ok" : "dash"), el("span", {}, [name + " ", el("span", { "class": "soft small nowrap" }, kind ? text : page.say("p_extra"))]), button]);
      };
      var rows = [];
      KINDS.forEach(function (kind) {
        if (by[kind]) { by[kind].forEach(function (name) { rows.push(line(name, kind)); }); return; }
        if (kind === "grenzen" || (by.grenzen && !by.uitslag && !by.deelnemers && (kind === "uitslag" || kind === "deelnemers" || kind === "dossiers"))) { return; }
        rows.push(el("li", {}, [icon("dashed"), el("span", { "class": "soft" }, kind + ".txt, " + page.say(kind === "dossiers" ? "p_optional" : "p_missing"))]));
      });
      extras.forEach(function (name) { rows.push(line(name, null)); });
      this.chosen.replaceChildren.apply(this.chosen, rows);
    },

    /** The public files of one session. Only their names go over the line, never what was typed here. */
    load: async function (select) {
      var option = select.options[select.selectedIndex], page = this;
      if (!option || !option.value) { return; }
      var names = option.getAttribute("data-files").split(" ");
      this.tell(this.say("p_loading"));
      var loaded = new Map();
      for (var i = 0; i < names.length; i++) {
        try {
          var answer = await fetch(option.value + names[i], { credentials: "same-origin" });
          if (!answer.ok) { throw new Error(String(answer.status)); }
          loaded.set(names[i], new Uint8Array(await answer.arrayBuffer()));
        } catch (error) {
          this.tell("");
          this.complain([{ text: this.say("p_load_failed", { file: names[i] }), id: "zitting" }], true);
          return;
        }
      }
      this.clearProblems();
      this.files = loaded;
      this.paintFiles();
      page.tell(this.say("p_loaded", { name: option.getAttribute("data-name") }));
    },

    value: function (id) { var field = document.getElementById(id); return field ? field.value.trim() : ""; },

    clearProblems: function () {
      this.problems.replaceChildren();
      this.problems.hidden = true;
      Array.prototype.forEach.call(this.form.querySelectorAll("[aria-invalid]"), function (field) {
        field.removeAttribute("aria-invalid");
        field.setAttribute("aria-describedby", field.id + "-uitleg");
        document.getElementById(field.id + "-fout").remove();
      });
    },

    complain: function (problems, focus) {
      var list = el("ul", {}, problems.map(function (problem) { return el("li", {}, el("a", { href: "#" + problem.id }, problem.text)); }));
      this.problems.replaceChildren(icon("fail"), el("h3", { tabindex: "-1" }, this.say("p_input")), el("div", {}, list));
      this.problems.hidden = false;
      problems.forEach(function (problem) {
        var field = document.getElementById(problem.id);
        if (!field || field.type !== "text") { return; }
        field.setAttribute("aria-invalid", "true");
        field.setAttribute("aria-describedby", field.id + "-uitleg " + field.id + "-fout");
        field.after(el("p", { "class": "utrecht-form-field-error-message", id: field.id + "-fout" }, [icon("fail"), el("span", {}, problem.text)]));
        if (field.closest("details")) { field.closest("details").open = true; }
      });
      if (focus) { this.problems.querySelector("h3").focus(); }
    },

    /** What was typed, before any computing. */
    inputProblems: function () {
      var say = this.say, page = this, problems = [];
      if (!window.crypto || !window.crypto.subtle) { return [{ text: say("p_crypto"), id: "bestanden" }]; }
      if (!this.files.size) { problems.push({ text: say("p_none"), id: "bestanden" }); }
      ["code", "slot", "uitslagcode"].forEach(function (id) {
        var typed = typedCode(page.value(id));
        if (typed && !/^[0-9a-f]{8,64}$/.test(typed)) { problems.push({ text: say("c_bad", { typed: typed.slice(0, 70) }), id: id }); }
      });
      var signature = typedCode(this.value("handtekening"));
      if (signature && !/^[0-9a-f]{96}$/.test(signature)) { problems.push({ text: say("r_sign_form"), id: "handtekening" }); }
      var child = this.value("kind");
      if (child) {
        try {
          if (!readTyped({ say: say, list: null }, child)) { problems.push({ text: say("k_bad", { typed: child.slice(0, 60) }), id: "kind" }); }
        } catch (fault) {
          if (!(fault instanceof Fault)) { throw fault; }
          problems.push({ text: say("k_line_bad", { text: say(fault.key, fault.values) }), id: "kind" });
        }
      }
      return problems;
    },

    run: async function () {
      this.clearProblems();
      var problems = this.inputProblems();
      if (problems.length) { this.tell(""); this.complain(problems, true); return; }
      var button = this.form.querySelector("[type=submit]"), files = {}, answer;
      this.files.forEach(function (bytes, name) { files[name] = bytes; });
      this.tell(this.say("p_busy"));
      button.classList.add("utrecht-button--busy");
      button.setAttribute("aria-disabled", "true");
      try {
        answer = await check(files, { commitment: this.value("code"), child: this.value("kind"), slot: this.value("slot"), outcome: this.value("uitslagcode"), signature: this.value("handtekening"), lang: this.lang });
      } catch (error) {
        this.tell("");
        this.complain([{ text: this.say("p_crash", { text: String(error && error.message || error) }), id: "bestanden" }], true);
        return;
      } finally {
        button.classList.remove("utrecht-button--busy");
        button.removeAttribute("aria-disabled");
      }
      this.paint(answer);
    },

    paint: function (answer) {
      var say = this.say, parts = [], story = answer.story;
      var state = answer.exitCode ? "fail" : answer.rehearsal ? "warn" : "ok";
      var heading = el("h2", { id: "oordeel", tabindex: "-1" }, answer.verdict);
      var pad = [el("p", { "class": "read" }, answer.text)];
      if (answer.exitCode) {
        var wrong = answer.steps.reduce(function (all, step) { return all.concat(step.errors); }, []);
        pad.push(el("ul", { "class": "oa-verdict__list hash" }, wrong.slice(0, 6).map(function (text) { return el("li", {}, text); })));
      }
      if (answer.skipped.length) {
        pad.push(el("div", {}, [el("h3", { "class": "small" }, say("v_not_checked")), el("ul", { "class": "small soft" }, answer.skipped.map(function (text) { return el("li", {}, text); }))]));
      }
      parts.push(el("section", { "class": "oa-panel oa-verdict oa-verdict--" + state, "aria-labelledby": "oordeel" }, [el("div", { "class": "oa-panel__head" }, [heading, badge(state, answer.badge)]), el("div", { "class": "oa-panel__pad stack-s" }, pad)]));
      if (story && story.found) { parts = parts.concat(this.storyPanels(story)); }
      parts.push(el("section", { "class": "oa-panel", "aria-labelledby": "nagekeken" }, [el("h2", { id: "nagekeken" }, say("v_all")), el("div", { "class": "oa-panel__pad" }, el("ol", { "class": "oa-steps" }, answer.steps.map(this.step, this)))]));
      this.target.replaceChildren.apply(this.target, parts);
      this.target.hidden = false;
      this.paintCodes(answer.facts);
      this.tell(say("p_done", { text: answer.verdict.replace(/\.$/, "") }));
      heading.focus({ preventScroll: true });
      heading.scrollIntoView({ block: "start" });
    },

    mark: function (state) {
      return el("span", { "class": "oa-steps__mark" }, [icon({ ok: "check", fail: "close", warn: "mark", skip: "dash" }[state])]);
    },

    /** The state in a word: heard by a screen reader, and seen where the title alone would say too much. */
    titled: function (step) {
      var word = ": " + this.say("st_" + step.state).toLowerCase();
      return [step.title, step.state === "skip" ? word : el("span", { "class": "vh" }, word)];
    },

    stepClass: function (state) { return { ok: "is-done", fail: "is-wrong", warn: "is-done is-note", skip: "is-skipped" }[state]; },

    step: function (step) {
      var lines = function (texts, name) { return texts.map(function (text) { return el("span", { "class": name + " hash" }, text); }); };
      return el("li", { "class": this.stepClass(step.state) }, [this.mark(step.state), el("h3", {}, this.titled(step))]
        .concat(lines(step.errors, "oa-wrong"), lines(step.warnings, "oa-note"), lines(step.notes, "soft"), lines(step.skipped.map(function (text) { return this.say("v_not_checked") + ": " + text.charAt(0).toLowerCase() + text.slice(1); }, this), "soft")));
    },

    storyPanels: function (story) {
      var say = this.say, page = this;
      var good = story.facts.filter(function (fact) { return fact.state === "ok"; }).length;
      var counted = story.facts.filter(function (fact) { return fact.state !== "skip"; }).length;
      var bad = story.facts.some(function (fact) { return fact.state === "fail"; });
      var steps = el("ol", { "class": "oa-steps" }, story.facts.map(function (fact) {
        return el("li", { "class": page.stepClass(fact.state) }, [page.mark(fact.state), el("h3", {}, page.titled(fact)), el("span", { "class": fact.state === "fail" ? "oa-wrong" : "soft" }, fact.text)]);
      }));
      var panels = [el("section", { "class": "oa-panel", "aria-labelledby": "uwkind" }, [
        el("div", { "class": "oa-panel__head" }, [el("h2", { id: "uwkind" }, story.title), badge(bad ? "fail" : good === counted ? "ok" : "warn", say("v_badge", { n: good, total: counted }))]),
        el("div", { "class": "oa-panel__pad stack" }, story.sentences.map(function (text) { return el("p", {}, text); }).concat([steps]))
      ])];
      var list = story.schools.map(function (school) {
        return el("li", { "class": school.state === "here" ? "is-here" : null }, [
          el("span", { "class": "oa-why__no", "aria-hidden": "true" }, school.number ? String(school.number) : "·"),
          el("div", {}, [el("h3", {}, [el("span", {}, say("x_school", { code: school.code })), badge(school.state === "here" ? "ok" : school.state === "above" ? "skip" : "none", school.badge)])].concat(school.sentences.map(function (text) { return el("p", { "class": "small soft" }, text); })))
        ]);
      });
      var codes = story.codes.map(function (one) { return el("div", {}, [el("h3", { "class": "small" }, one.title), el("p", { "class": "oa-hash" }, [el("b", {}, one.lot.slice(0, 8)), one.lot.slice(8)])]); });
      panels.push(el("section", { "class": "oa-panel", "aria-labelledby": "perschool" }, [el("h2", { id: "perschool" }, say("t_per_school")),
        el("div", { "class": "oa-panel__pad stack" }, [el("ol", { "class": "oa-why plain" }, list)].concat(codes, [el("div", { "class": "read" }, [el("h3", { "class": "small" }, say("order_title")), el("p", { id: "volgordezin" }, story.order)])]))]));
      return panels;
    },

    paintCodes: function (facts) {
      if (!this.codes) { return; }
      var say = this.say, lang = this.lang, parts = [];
      var add = function (title, code) {
        if (code) { parts.push(el("h3", { "class": "small" }, title), el("p", { "class": "oa-hash" }, [el("b", {}, code.slice(0, 8)), code.slice(8)])); }
      };
      if (facts.hc) {
        add(say("code_hc", { moment: moment(facts.moment, lang) }), facts.hc);
        add(say("code_slot"), facts.slot);
        if (facts.beacon) { add(say("code_beacon", { round: facts.round, time: moment(facts.roundTime, lang) }), facts.beacon); }
        add(say("code_k"), facts.k);
        add(say("code_outcome"), facts.outcome);
      }
      this.codes.replaceChildren(el("h2", {}, say("v_codes")), el("div", { "class": "oa-panel__pad stack-s" }, parts));
      this.codes.hidden = !parts.length;
    }
  };

  window.OALot = { check: check, texts: TEXTS };

  var form = document.getElementById("controle");
  if (form) { window.OALot.page = new Page(form); }
}());
