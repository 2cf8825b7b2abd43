#include "scene.hpp"

namespace hones::benchmark {

const std::vector<std::string>& word_list() {
  // clang-format off
  static const std::vector<std::string> words{
      "ANT", "APE", "ARM", "ART", "BAG", "BAR", "BAT", "BAY", "BED", "BEE", "BIG", "BIN", "BOX", "BOY",
      "BUS", "CAB", "CAN", "CAP", "CAR", "CAT", "COW", "CUP", "DAY", "DEN", "DOG", "DRY", "EAR", "EGG",
      "EYE", "FAN", "FAR", "FIG", "FIT", "FLY", "FOG", "FOX", "FUN", "GAS", "GEM", "GUM", "HAT", "HEN",
      "HOT", "ICE", "INK", "JAM", "JAR", "JET", "JOB", "JOY", "KEY", "KID", "KIT", "LAB", "LAW", "LEG",
      "LOG", "MAP", "MAT", "MIX", "MUD", "NET", "NEW", "NUT", "OAK", "OIL", "OLD", "OWL", "PAN", "PEN",
      "PET", "PIE", "PIG", "PIN", "POT", "PUB", "RAT", "RAY", "RED", "RIB", "RUG", "SEA", "SHY", "SIX",
      "SKY", "SUN", "TAP", "TAX", "TEA", "TEN", "TIE", "TIN", "TOP", "TOY", "TUB", "USE", "VAN", "WAX",
      "WAY", "WEB", "WET", "WIN", "YES", "ZIP", "ZOO", "AREA", "BABY", "BACK", "BAKE", "BALL", "BAND",
      "BANK", "BARN", "BEAR", "BELL", "BIKE", "BIRD", "BLUE", "BOAT", "BOLD", "BOOK", "BUSY", "CAFE",
      "CAKE", "CALM", "CAMP", "CARD", "CART", "CITY", "CLAY", "CLUB", "COAL", "COAT", "COLD", "COOK",
      "CORN", "CREW", "DARK", "DEER", "DESK", "DIET", "DOCK", "DOOR", "DUCK", "DUST", "EAST", "EASY",
      "EXIT", "FARM", "FAST", "FILM", "FIRE", "FISH", "FLAG", "FOOD", "FORK", "FROG", "GAME", "GATE",
      "GIFT", "GOAT", "GOLD", "GRID", "HAIR", "HAND", "HARP", "HELP", "HILL", "HOME", "HOOK", "JAZZ",
      "JUMP", "KING", "KITE", "LAKE", "LAMB", "LAMP", "LEAF", "LIME", "LION", "LOCK", "LOFT", "MAIL",
      "MENU", "MILK", "MINT", "MOON", "NEST", "NOON", "OPEN", "OVEN", "PARK", "PATH", "PEAR", "PLUM",
      "POEM", "POND", "PORT", "PUMP", "QUIZ", "RAIN", "RICE", "RING", "ROAD", "ROCK", "ROOF", "ROSE",
      "SAFE", "SALE", "SALT", "SAND", "SEED", "SHIP", "SHOE", "SHOP", "SILK", "SLOW", "SNOW", "SOAP",
      "SOUP", "STOP", "SURF", "SWIM", "TAXI", "TENT", "TIME", "TOOL", "TOWN", "TREE", "TUNA", "VASE",
      "VIEW", "WALK", "WALL", "WEST", "WIND", "WOLF", "WOOD", "WORK", "YARD", "YOGA", "ZERO", "ZONE",
      "ALARM", "APPLE", "BEACH", "BERRY", "BREAD", "BRICK", "BRUSH", "CABIN", "CANDY", "CHAIR", "CHEST",
      "CLEAN", "CLOCK", "CLOUD", "COAST", "CORAL", "CRANE", "DAILY", "DANCE", "DREAM", "EAGLE", "EARTH",
      "EMPTY", "FIELD", "FLOUR", "FRESH", "FRUIT", "GLASS", "GRAPE", "GREEN", "HAPPY", "HONEY", "HORSE",
      "HOTEL", "HOUSE", "IVORY", "JUICE", "KAYAK", "LEMON", "LIGHT", "LUNCH", "MAGIC", "MANGO", "METAL",
      "MUSIC", "NIGHT", "NORTH", "OCEAN", "OLIVE", "ONION", "PAPER", "PEACH", "PIANO", "PIZZA", "PLANT",
      "QUEEN", "QUICK", "RADIO", "RIVER", "ROBOT", "SALAD", "SHARK", "SHEEP", "SMILE", "SOUTH", "SPOON",
      "STAMP", "STONE", "STORE", "STORM", "SUGAR", "TABLE", "TIGER", "TOAST", "TRAIN", "TRUCK", "VALVE",
      "VIDEO", "WATER", "WHALE", "WHEAT", "WORLD", "ZEBRA",
  };
  // clang-format on
  return words;
}

}  // namespace hones::benchmark
