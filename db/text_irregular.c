/* text_irregular: forms of English words that no stemmer finds. */
#include <stdlib.h>
#include <string.h>

#include "text_impl.h"

struct form {
	const char *form, *base;
};

/* In the order of strcmp(). Left out is what is a common word by itself: bit, rose, led. */
static const struct form forms[] = {
    {"ate", "eat"}, {"became", "become"}, {"began", "begin"}, {"begun", "begin"},
    {"bent", "bend"}, {"bitten", "bite"}, {"bled", "bleed"}, {"blew", "blow"},
    {"blown", "blow"}, {"bought", "buy"}, {"bred", "breed"}, {"broke", "break"},
    {"broken", "break"}, {"brought", "bring"}, {"built", "build"}, {"burnt", "burn"},
    {"came", "come"}, {"caught", "catch"}, {"children", "child"}, {"chose", "choose"},
    {"chosen", "choose"}, {"clung", "cling"}, {"crept", "creep"}, {"dealt", "deal"},
    {"drank", "drink"}, {"drawn", "draw"}, {"dreamt", "dream"}, {"drew", "draw"},
    {"driven", "drive"}, {"drove", "drive"}, {"drunk", "drink"}, {"dug", "dig"},
    {"eaten", "eat"}, {"fallen", "fall"}, {"fed", "feed"}, {"feet", "foot"}, {"fell", "fall"},
    {"felt", "feel"}, {"fled", "flee"}, {"flew", "fly"}, {"flown", "fly"},
    {"forgave", "forgive"}, {"forgiven", "forgive"}, {"forgot", "forget"},
    {"forgotten", "forget"}, {"fought", "fight"}, {"found", "find"}, {"froze", "freeze"},
    {"frozen", "freeze"}, {"gave", "give"}, {"geese", "goose"}, {"given", "give"},
    {"gone", "go"}, {"got", "get"}, {"gotten", "get"}, {"grew", "grow"}, {"grown", "grow"},
    {"halves", "half"}, {"heard", "hear"}, {"held", "hold"}, {"hid", "hide"},
    {"hidden", "hide"}, {"hung", "hang"}, {"kept", "keep"}, {"knelt", "kneel"},
    {"knew", "know"}, {"knives", "knife"}, {"known", "know"}, {"laid", "lay"},
    {"leant", "lean"}, {"learnt", "learn"}, {"leaves", "leaf"}, {"left", "leave"},
    {"lent", "lend"}, {"lit", "light"}, {"lost", "lose"}, {"made", "make"}, {"meant", "mean"},
    {"men", "man"}, {"met", "meet"}, {"mice", "mouse"}, {"paid", "pay"}, {"people", "person"},
    {"proven", "prove"}, {"ran", "run"}, {"rang", "ring"}, {"ridden", "ride"},
    {"risen", "rise"}, {"rode", "ride"}, {"rung", "ring"}, {"said", "say"}, {"sang", "sing"},
    {"sank", "sink"}, {"sat", "sit"}, {"saw", "see"}, {"seen", "see"}, {"sent", "send"},
    {"shaken", "shake"}, {"shelves", "shelf"}, {"shone", "shine"}, {"shook", "shake"},
    {"shot", "shoot"}, {"shown", "show"}, {"shrank", "shrink"}, {"shrunk", "shrink"},
    {"slept", "sleep"}, {"slid", "slide"}, {"sold", "sell"}, {"sought", "seek"},
    {"sped", "speed"}, {"spent", "spend"}, {"spoke", "speak"}, {"spoken", "speak"},
    {"spun", "spin"}, {"stole", "steal"}, {"stolen", "steal"}, {"stood", "stand"},
    {"struck", "strike"}, {"stuck", "stick"}, {"stung", "sting"}, {"sung", "sing"},
    {"sunk", "sink"}, {"swam", "swim"}, {"swept", "sweep"}, {"swore", "swear"},
    {"sworn", "swear"}, {"swum", "swim"}, {"swung", "swing"}, {"taken", "take"},
    {"taught", "teach"}, {"teeth", "tooth"}, {"thought", "think"}, {"threw", "throw"},
    {"thrown", "throw"}, {"told", "tell"}, {"took", "take"}, {"tore", "tear"},
    {"torn", "tear"}, {"understood", "understand"}, {"went", "go"}, {"wept", "weep"},
    {"wives", "wife"}, {"woke", "wake"}, {"woken", "wake"}, {"wolves", "wolf"},
    {"women", "woman"}, {"won", "win"}, {"wore", "wear"}, {"worn", "wear"}, {"wove", "weave"},
    {"woven", "weave"}, {"written", "write"}, {"wrote", "write"},
};

static int compare_forms(const void *word, const void *form)
{
	return strcmp(word, ((const struct form *)form)->form);
}

const char *text_base_form(const char *word)
{
	const struct form *found = bsearch(
	    word, forms, sizeof(forms) / sizeof(*forms), sizeof(*forms), compare_forms);

	return found != NULL ? found->base : word;
}
